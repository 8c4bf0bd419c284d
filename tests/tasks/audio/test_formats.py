"""Each format, encoded, labelled and read back as players read it."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from pathlib import Path
from typing import get_args

import av
import numpy as np
import pytest
import soundfile
from PIL import Image
from signals import RATE_HZ, Samples, babble

from tasks.audio import riff
from tasks.audio.formats import ENCODINGS, decoded_blocks
from tasks.audio.pcm import read_blocks
from tasks.audio.riff import encode_wav, tag_wav
from tasks.audio.tags import EpisodeTags, Labels
from tasks.errors import EncodingFailed
from tasks.schemas import AudioFormat, Chapter, Mastering

FORMATS = get_args(AudioFormat)
TAGS = EpisodeTags("Þáttur 1 – Æðarfugl", "Hlaðvarpið", "Öll sýningin", "2026-11-22", "is", "Gert með gervirödd")
# Of all lengths, since mutagen would sort ID3's by their size.
CHAPTERS = tuple(
    Chapter(title=title, start_s=start_s, end_s=end_s)
    for title, start_s, end_s in (("Inngangur", 0, 1), ("Ö", 1, 2.5), ("Veðrið á Íslandi, langur titill", 2.5, 5))
)
SOUND = np.concatenate([babble(5.01), babble(5.01, seed=2)])


def cover(kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((1400, 1400), 60).convert("RGB").save(buffer, kind)
    return buffer.getvalue()


def encoded(folder: Path, name: AudioFormat, samples: Samples = SOUND, pieces: int = 3) -> Path:
    path = folder / f"a.{name}"
    blocks = np.array_split(samples, pieces, axis=1)
    ENCODINGS[name].encode(path, blocks, sample_rate_hz=RATE_HZ, bit_rate_kbps=Mastering().pressing(name).bit_rate_kbps)
    return path


def labelled(folder: Path, name: AudioFormat, tags: EpisodeTags = TAGS, kind: str = "JPEG") -> Path:
    path = folder / f"b.{name}"
    ENCODINGS[name].tag(encoded(folder, name), path, Labels(tags, CHAPTERS, cover(kind)))
    return path


def decoded(path: Path, name: AudioFormat) -> Samples:
    return np.concatenate(list(decoded_blocks(path, name)), axis=1)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("name", FORMATS)
def test_formats_neither_delay_the_sound_nor_lose_any(tmp_path: Path, name: AudioFormat, channels: int):
    back = decoded(encoded(tmp_path, name, SOUND[:channels]), name)
    padding = 1024 if name == "m4a" else 0  # AAC comes in frames of 1024, and the last one stays whole
    assert 0 <= back.shape[1] - SOUND.shape[1] <= padding
    assert len(back) == channels
    lags = np.fft.irfft(np.fft.rfft(back[0, : SOUND.shape[1]]) * np.conj(np.fft.rfft(SOUND[0])))
    assert abs(np.fft.fftfreq(len(lags), 1 / len(lags))[np.argmax(lags)]) <= (3 if name == "opus" else 0)


@pytest.mark.parametrize("name", ["flac", "wav"])
def test_lossless_formats_keep_every_sample_to_24_bits(tmp_path: Path, name: AudioFormat):
    back = np.concatenate(list(read_blocks(encoded(tmp_path, name))), axis=1)
    assert back.shape == SOUND.shape
    assert np.abs(back - SOUND).max() <= 2**-23


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("name", FORMATS)
def test_labels_are_what_players_show_and_leave_the_sound_alone(tmp_path: Path, name: AudioFormat, kind: str):
    path = labelled(tmp_path, name, kind=kind)
    with av.open(str(path)) as container:
        shown = {key.lower(): text for key, text in (container.metadata | container.streams.audio[0].metadata).items()}
        chapters = [(c["metadata"]["title"], float(c["start"] * c["time_base"])) for c in container.chapters()]
        assert container.streams.video[0].width == 1400
    assert [shown[key] for key in ("title", "artist", "album", "date")] == [
        TAGS.title,
        TAGS.artist,
        TAGS.album,
        TAGS.date,
    ]
    assert (shown["comment"], shown["genre"]) == (TAGS.comment, "Podcast")
    assert chapters == [(chapter.title, chapter.start_s) for chapter in CHAPTERS]
    assert np.array_equal(decoded(path, name), decoded(tmp_path / f"a.{name}", name))


@pytest.mark.parametrize("name", FORMATS)
def test_labels_take_a_language_that_has_no_three_letters_here(tmp_path: Path, name: AudioFormat):
    with av.open(str(labelled(tmp_path, name, replace(TAGS, language="nb")))) as container:
        shown = {key.lower(): text for key, text in (container.metadata | container.streams.audio[0].metadata).items()}
    assert shown["comment"] == TAGS.comment


@pytest.mark.parametrize("name", FORMATS)
def test_labels_hold_more_chapters_than_a_byte_counts(tmp_path: Path, name: AudioFormat):
    many = tuple(Chapter(title=f"{number}", start_s=number / 100, end_s=(number + 1) / 100) for number in range(300))
    ENCODINGS[name].tag(encoded(tmp_path, name), tmp_path / "b", Labels(TAGS, many))
    with av.open(str(tmp_path / "b")) as container:
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == [one.title for one in many]


@pytest.mark.parametrize("name", FORMATS)
def test_labels_mark_synthetic_speech_in_every_format(tmp_path: Path, name: AudioFormat):
    spoken = EpisodeTags("Þögn", tts_engines=("azure", "espeak"))
    for tags in (spoken, TAGS):
        with av.open(str(labelled(tmp_path, name, tags))) as container:
            marks = container.metadata | container.streams.audio[0].metadata
        assert marks.get("AI_GENERATED", "") == ("yes" if tags is spoken else "")
        assert marks.get("TTS_ENGINES", "") == ("azure, espeak" if tags is spoken else "")


@pytest.mark.parametrize("name", FORMATS)
def test_formats_have_the_same_bytes_every_time(tmp_path: Path, name: AudioFormat):
    labels, made = Labels(TAGS, CHAPTERS, cover()), []
    for pieces in (3, 7):
        ENCODINGS[name].tag(encoded(tmp_path, name, pieces=pieces), tmp_path / "b", labels)
        made.append((tmp_path / "b").read_bytes())
    assert made[0] == made[1]


@pytest.mark.parametrize("name", FORMATS)
def test_formats_refuse_nothing_and_leave_nothing(tmp_path: Path, name: AudioFormat):
    with pytest.raises(EncodingFailed, match="no sound"):
        ENCODINGS[name].encode(tmp_path / "a", [], sample_rate_hz=RATE_HZ, bit_rate_kbps=128)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["m4a", "opus", "flac"])
def test_labels_are_refused_by_what_is_no_such_file(tmp_path: Path, name: AudioFormat):
    (tmp_path / "a").write_bytes(bytes(5000))
    with pytest.raises(EncodingFailed):
        ENCODINGS[name].tag(tmp_path / "a", tmp_path / "b", Labels(TAGS))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_m4a_has_its_index_in_front(tmp_path: Path):
    for path in (labelled(tmp_path, "m4a"), tmp_path / "a.m4a"):
        data = path.read_bytes()
        assert data.index(b"moov") < data.index(b"mdat")


def test_wav_is_plain_where_it_fits_and_rf64_where_it_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = encoded(tmp_path, "wav")
    assert path.read_bytes()[:4] + path.read_bytes()[8:16] == b"RIFFWAVEJUNK"
    assert struct.unpack("<I", path.read_bytes()[4:8])[0] == path.stat().st_size - 8

    monkeypatch.setattr(riff, "LARGEST", 1_000_000)  # as if the sound did not fit
    encode_wav(tmp_path / "c.wav", [SOUND], sample_rate_hz=RATE_HZ)
    tag_wav(tmp_path / "c.wav", tmp_path / "d.wav", Labels(TAGS, CHAPTERS, cover()))
    assert (tmp_path / "d.wav").read_bytes()[:4] == b"RF64"
    assert struct.unpack("<Q", (tmp_path / "d.wav").read_bytes()[20:28])[0] == (tmp_path / "d.wav").stat().st_size - 8
    samples, _ = soundfile.read(tmp_path / "d.wav", dtype="float32", always_2d=True)
    assert np.abs(samples.T - SOUND).max() <= 2**-23
    with av.open(str(tmp_path / "d.wav")) as container:
        assert container.metadata["title"] == TAGS.title
