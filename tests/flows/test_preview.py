"""One voice, heard: from Prefect as a link that a browser plays, from the command line while it is being made."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from pathlib import Path
from urllib.request import url2pathname

import numpy as np
import pytest
import soundfile
from prefect.artifacts import Artifact
from voice_services import KEYS, VoiceServices

from blocks.settings import load_settings
from flows.preview import preview_voice
from tasks.audio.loudness import measure
from tasks.audio.wav import HEADER_BYTES
from tasks.errors import EmptySource, InvalidRequest, LanguageNotAllowed, UnknownPreset
from tasks.preview import hear_into_file, hear_into_stream, prepare_reading
from tasks.schemas.preview import Preview

ROOT = Path(__file__).parents[2]
TEXT = "Þann 3. maí kl. 14:30 kostaði þetta 1.250 kr."


def heard(preset: str, text: str = TEXT, language: str = "is") -> Preview:
    return asyncio.run(preview_voice(preset, text, language))


def test_preview_voice_publishes_a_sound_that_its_address_leads_to(studio):
    preview = heard("espeak-asa")

    assert Path(preview.uri).parent == studio.published / "previews"
    assert url2pathname(preview.listen.removeprefix("file://")) == preview.uri
    samples, rate_hz = soundfile.read(preview.uri, dtype="float32")
    assert len(samples) / rate_hz == pytest.approx(preview.duration_s)
    assert measure(samples[np.newaxis], rate_hz).integrated_lufs == pytest.approx(-19.0, abs=0.5)
    assert preview.characters == len(preview.spoken)
    assert ("3. maí", "þriðja maí") in {(read.written, read.spoken) for read in preview.readings}
    assert preview.cost_usd == 0.0


def test_preview_voice_asks_for_nothing_that_was_said_before(studio):
    first = heard("espeak-birkir")
    written = Path(first.uri).stat().st_mtime_ns

    again = heard("espeak-birkir")

    assert (again.characters, again.uri, again.duration_s) == (0, first.uri, first.duration_s)
    assert Path(first.uri).stat().st_mtime_ns == written
    Path(first.uri).unlink()
    assert heard("espeak-birkir").characters > 0, "a sound that somebody removed is made again"
    assert heard("espeak-birkir", TEXT + " Takk.").uri != first.uri


def test_preview_voice_leaves_a_link_and_what_was_said(studio):
    preview = heard("espeak-erla", "Verðið er 5 kr. <script>alert(1)</script> | hæ")

    link = Artifact.get("preview-link")
    report = Artifact.get("preview")
    assert preview.listen in link.data
    assert "| fimm krónur | money |" in report.data
    assert "<script>" not in report.data


@pytest.mark.parametrize(
    ("preset", "text", "language", "error", "told"),
    [
        ("pavarotti", TEXT, "is", UnknownPreset, "espeak-asa"),
        ("espeak-asa", "", "is", EmptySource, "write a sentence"),
        ("espeak-asa", "… – !", "is", EmptySource, "write a sentence"),
        ("espeak-asa", "ha " * 334, "is", InvalidRequest, "1000 characters at the most, and this text has 1002"),
        ("espeak-asa", TEXT, "xx", LanguageNotAllowed, "'xx'"),
    ],
)
def test_prepare_reading_refuses_in_a_sentence_before_anything_is_asked(studio, preset, text, language, error, told):
    with pytest.raises(error, match=told):
        prepare_reading(preset, text, language)

    assert not studio.published.exists()


def test_a_reading_is_heard_while_the_rest_is_still_being_made(studio, tmp_path: Path):
    reading = prepare_reading("espeak-asa", "Þetta er löng saga um eyjar og fjöll. " * 25, "is")
    path, sizes = tmp_path / "a.wav", []

    whole = hear_into_file(path, reading, begun=lambda: sizes.append(path.stat().st_size))

    assert len(sizes) == 1
    assert 44 < sizes[0] < path.stat().st_size / 4
    assert 0 < whole.first_sound_s < whole.duration_s
    assert soundfile.info(path).duration == pytest.approx(whole.duration_s)


def test_a_reading_is_cut_to_what_the_voice_takes_and_says_what_it_cannot(studio, monkeypatch: pytest.MonkeyPatch):
    voice = {"name": "stutt", "voice": "f5", "max_characters": 40, "style": "newscast"}
    monkeypatch.setenv("HLADVARP_VOICES", json.dumps([voice]))
    load_settings.cache_clear()

    reading = prepare_reading("stutt", "Fyrst kom ein setning. Svo kom önnur setning. Loks kom sú þriðja.", "is")

    assert len(reading.lines) > 1
    assert all(len(line.spoken.text) <= 40 for line in reading.lines)
    assert any("knows no style" in note for note in reading.notes)
    pauses = [piece for piece in reading.pieces() if not piece.any() and len(piece) > reading.sample_rate_hz // 100]
    assert len(pauses) >= len(reading.lines) - 1


def test_a_reading_says_words_as_the_studio_wrote_them_down(studio, monkeypatch: pytest.MonkeyPatch):
    (studio.folder / "nofn.yaml").write_text("- {grapheme: Zoëga, alias: Sóega}\n")
    monkeypatch.setenv("HLADVARP_TTS__LEXICON", str(studio.folder))
    load_settings.cache_clear()

    reading = prepare_reading("espeak-asa", "Geir Zoëga samdi orðabók.", "is")

    assert reading.text == "Geir Sóega samdi orðabók."
    assert [(read.written, read.kind) for read in reading.readings] == [("Zoëga", "lexicon")]


def test_a_reading_that_fails_leaves_no_file(studio, tmp_path: Path):
    reading = prepare_reading("espeak-asa", TEXT, "is")

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hear_into_file(tmp_path / "a.wav", reading, begun=stop)
    with pytest.raises(InvalidRequest, match="cannot be written"):
        hear_into_file(tmp_path / "nowhere" / "a.wav", reading, begun=lambda: None)

    assert not list(tmp_path.glob("*.wav"))


def test_a_reading_goes_into_a_pipe(studio):
    sink = io.BytesIO()
    whole = hear_into_stream(sink, prepare_reading("espeak-flosi", TEXT, "is"))

    samples, rate_hz = soundfile.read(io.BytesIO(sink.getvalue()), dtype="float32")
    assert len(samples) / rate_hz == pytest.approx(whole.duration_s)


def environment(home: Path, **more: str) -> dict[str, str]:
    """Where no server is configured, and none can be started."""
    mine = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(home)}
    return mine | {"PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false"} | more


def command(*arguments: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[bytes]:
    """`python -m flows …` as a user runs it, without a server."""
    return subprocess.run(
        [sys.executable, "-m", "flows", *arguments],
        cwd=cwd,
        env=environment(cwd, **more),
        capture_output=True,
        check=False,
        timeout=120,
    )


def test_the_command_needs_no_server_for_a_voice_of_this_machine(tmp_path: Path):
    done = command("preview", "espeak-asa", TEXT, "--out", "-", cwd=tmp_path)

    assert done.returncode == 0, done.stderr.decode()
    samples, rate_hz = soundfile.read(io.BytesIO(done.stdout), dtype="float32")
    assert len(samples) > rate_hz
    assert "3. maí → þriðja maí" in done.stderr.decode()
    assert not list(tmp_path.glob("*.wav"))


def test_the_command_says_in_a_sentence_what_is_wrong(tmp_path: Path):
    done = command("preview", "espeak-asa", "hæ " * 400, cwd=tmp_path)

    assert done.returncode == 1
    assert "InvalidRequest: a preview says 1000 characters at the most" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert not list(tmp_path.glob("*.wav"))


def reached(services: VoiceServices) -> str:
    """The settings' way to the stand-in for ElevenLabs: no block, and so no server of Prefect's."""
    return json.dumps({"elevenlabs": {"base_url": services.url("elevenlabs"), "api_key": KEYS["elevenlabs"]}})


def test_the_command_passes_on_a_vendors_first_sound_before_the_last_is_made(tmp_path: Path):
    with VoiceServices() as services:
        services.fail("elevenlabs", "stall_midway")
        process = subprocess.Popen(
            [sys.executable, "-m", "flows", "preview", "elevenlabs-rachel", TEXT, "--out", "-"],
            cwd=tmp_path,
            env=environment(tmp_path, HLADVARP_TTS__ACCESS=reached(services)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        beginning = process.stdout.read(HEADER_BYTES + 2000)  # the rest never comes
        process.kill()
        _, told = process.communicate()

    assert beginning.startswith(b"RIFF"), told.decode()
    assert len(beginning) == HEADER_BYTES + 2000


def test_the_command_leaves_no_file_when_a_vendor_breaks_off(tmp_path: Path):
    with VoiceServices() as services:
        services.fail("elevenlabs", "cut")
        done = command("preview", "elevenlabs-rachel", TEXT, cwd=tmp_path, HLADVARP_TTS__ACCESS=reached(services))

    assert done.returncode == 1
    assert "AnswerUnfinished: ElevenLabs, asked for" in done.stderr.decode()
    assert KEYS["elevenlabs"] not in done.stderr.decode()
    assert not list(tmp_path.glob("*.wav"))
