"""The stage between transcription and mastering, on recordings in the store."""

from __future__ import annotations

import asyncio

import numpy as np
from signals import RATE_HZ, Samples, noise, read_speech

from blocks.places import audio_store, keep_document
from flows.treat import treat
from tasks.audio.codec import read_span, write_flac
from tasks.schemas import AudioRef, Programme, Transcript, Treated, Treatment


def recorded(studio, samples: Samples) -> Programme:
    path = studio.folder / "recording.flac"
    sound = write_flac(path, samples, sample_rate_hz=RATE_HZ)
    stored = audio_store().put_file(path, ".flac")
    audio = AudioRef(
        uri=stored.uri,
        sha256=stored.sha256,
        duration_s=sound.duration_s,
        sample_rate_hz=RATE_HZ,
        channels=sound.channels,
    )
    return Programme(audio=audio, transcript=keep_document(Transcript(language="is", duration_s=sound.duration_s)))


def treated(programme: Programme, **treatment: object) -> Treated:
    return asyncio.run(treat(programme, Treatment(**treatment)))


def sound_of(programme: Programme) -> Samples:
    with audio_store().local(programme.audio.uri) as path:
        return read_span(path, 0, programme.audio.duration_s)


def test_treat_does_what_is_asked_for_and_says_what_it_did(studio):
    noisy = recorded(studio, read_speech(8) + noise(8, -40) + np.float32(0.02))

    result = treated(noisy, deesser_db=6)

    report, heard = result.report, sound_of(result.programme)
    assert abs(report.offset.offset[0] - 0.02) < 1e-3
    assert (report.noise.engine, report.noise.cleaned_s, report.noise.left_alone) == ("deepfilternet", 8, ())
    assert report.noise.snr_after_db > report.noise.snr_before_db + 10
    assert report.deesser.strength_db == 6
    assert heard.shape == (1, 8 * RATE_HZ)
    assert abs(heard.mean()) < 1e-3
    assert result.programme.transcript == noisy.transcript
    assert treated(noisy, deesser_db=6) == result


def test_treat_gives_back_the_same_object_where_nothing_is_to_be_done(studio):
    clean = recorded(studio, read_speech(4))
    assert treated(clean, leveller=0).programme == clean

    noisy = recorded(studio, read_speech(4) + noise(4, -40) + np.float32(0.02))
    off = treated(noisy, noise_reduction="off", remove_dc=False, leveller=0)
    assert off == Treated(programme=noisy)


def test_treat_puts_a_voice_that_stands_in_one_ear_into_the_middle(studio):
    speech = read_speech(6)
    recording = recorded(studio, np.concatenate([speech, np.zeros_like(speech)]))

    result = treated(recording, leveller=0)

    assert (result.report.stereo.voices, result.report.stereo.in_the_middle) == ("left", True)
    assert (result.programme.audio.channels, result.programme.audio.duration_s) == (1, recording.audio.duration_s)
    assert np.abs(sound_of(result.programme) - speech).max() < 1e-6
    assert treated(recording, leveller=0, stereo="keep").programme == recording
