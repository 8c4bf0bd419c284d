from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from signals import RATE_HZ, Samples, babble, tone

from tasks.audio.formats import decoded_blocks
from tasks.audio.id3 import tag_mp3
from tasks.audio.mp3 import encode_mp3
from tasks.audio.tags import EpisodeTags, Labels
from tasks.errors import EncodingFailed
from tasks.schemas import Chapter

TAGS = EpisodeTags(
    title="Þáttur 1 – Æðarfugl",
    artist="Hlaðvarpið",
    album="Öll sýningin",
    date="2026-11-22",
    language="is",
    comment="Gert með gervirödd",
)
CHAPTERS = tuple(
    Chapter(title=title, start_s=start_s, end_s=end_s)
    for title, start_s, end_s in (("Inngangur", 0, 1), ("Veðrið á Íslandi, langur titill", 1, 4), ("Ö", 4, 5))
)


def cover(kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (1400, 1400), (10, 80, 160)).save(buffer, kind)
    return buffer.getvalue()


def encoded(folder: Path, samples: Samples, *, bit_rate_kbps: int = 128) -> Path:
    halves = np.array_split(samples, 2, axis=1)
    encode_mp3(folder / "a.mp3", halves, sample_rate_hz=RATE_HZ, bit_rate_kbps=bit_rate_kbps)
    return folder / "a.mp3"


def decoded(path: Path) -> Samples:
    return np.concatenate(list(decoded_blocks(path, "mp3")), axis=1)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("bit_rate_kbps", [64, 96, 128, 160, 192])
def test_encode_mp3_is_gapless(tmp_path: Path, channels: int, bit_rate_kbps: int):
    given = np.repeat(babble(5.01), channels, axis=0)
    back = decoded(encoded(tmp_path, given, bit_rate_kbps=bit_rate_kbps))
    assert back.shape == given.shape
    lags = np.fft.irfft(np.fft.rfft(back[0]) * np.conj(np.fft.rfft(given[0])))
    assert np.argmax(lags) == 0


def test_encode_mp3_refuses_nothing_and_leaves_nothing(tmp_path: Path):
    with pytest.raises(EncodingFailed, match="no sound"):
        encode_mp3(tmp_path / "a.mp3", [], sample_rate_hz=RATE_HZ, bit_rate_kbps=128)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_tag_mp3_gives_what_players_show_and_leaves_the_sound_alone(tmp_path: Path, kind: str):
    bare, tagged = encoded(tmp_path, babble(5)), tmp_path / "b.mp3"
    tag_mp3(bare, tagged, Labels(TAGS, CHAPTERS, cover(kind)))
    with av.open(str(tagged)) as container:
        assert container.metadata["title"] == TAGS.title
        assert container.metadata["artist"] == TAGS.artist
        assert container.metadata["album"] == TAGS.album
        assert container.metadata["date"] == TAGS.date
        assert container.metadata["language"] == "isl"
        assert container.metadata["comment"] == TAGS.comment
        chapters = [(c["metadata"]["title"], c["start"], c["end"]) for c in container.chapters()]
        assert chapters == [(c.title, c.start_s * 1000, c.end_s * 1000) for c in CHAPTERS]
        picture = container.streams.video[0]
        assert (picture.width, picture.metadata["comment"]) == (1400, "Cover (front)")
    assert np.array_equal(decoded(tagged), decoded(bare))


def test_tag_mp3_writes_the_frames_that_players_look_for_in_order(tmp_path: Path):
    tag_mp3(encoded(tmp_path, babble(5)), tmp_path / "b.mp3", Labels(TAGS, CHAPTERS, cover()))
    data = (tmp_path / "b.mp3").read_bytes()
    assert data[:4] == b"ID3\x03"
    size = sum(byte << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    names, at = [], 10
    while at < 10 + size and data[at]:
        names.append(data[at : at + 4].decode())
        at += 10 + int.from_bytes(data[at + 4 : at + 8])
    assert names.index("CTOC") < names.index("CHAP")
    assert names.count("CHAP") == 3
    assert {"TIT2", "TPE1", "TALB", "TYER", "TLAN", "TCON", "COMM", "APIC"} <= set(names)
    assert data[10 + size : 12 + size][0] == 0xFF  # the first frame of sound follows at once
    starts = [data.index(f"ch{number}".encode() + b"\0", data.index(b"CHAP")) for number in range(3)]
    assert starts == sorted(starts)


def test_tag_mp3_marks_synthetic_speech_for_programs_that_look_for_it(tmp_path: Path):
    bare = encoded(tmp_path, tone(1))
    tag_mp3(bare, tmp_path / "b.mp3", Labels(replace(TAGS, tts_engines=("azure", "espeak"))))
    tag_mp3(bare, tmp_path / "c.mp3", Labels(TAGS))

    with av.open(str(tmp_path / "b.mp3")) as container:
        assert container.metadata["AI_GENERATED"] == "yes"
        assert container.metadata["TTS_ENGINES"] == "azure, espeak"
        assert container.metadata["comment"] == TAGS.comment
    assert b"TXXX" in (tmp_path / "b.mp3").read_bytes()[:4096]
    with av.open(str(tmp_path / "c.mp3")) as container:
        assert not {"AI_GENERATED", "TTS_ENGINES"} & set(container.metadata)


def test_tag_mp3_writes_the_same_bytes_again(tmp_path: Path):
    bare = encoded(tmp_path, babble(2))
    for name in ("b.mp3", "c.mp3"):
        tag_mp3(bare, tmp_path / name, Labels(TAGS, CHAPTERS, cover()))
    assert (tmp_path / "b.mp3").read_bytes() == (tmp_path / "c.mp3").read_bytes()


def test_tag_mp3_needs_only_a_title(tmp_path: Path):
    tag_mp3(encoded(tmp_path, tone(1)), tmp_path / "b.mp3", Labels(EpisodeTags(title="Þögn")))
    with av.open(str(tmp_path / "b.mp3")) as container:
        assert container.metadata == {"title": "Þögn", "genre": "Podcast"}
        assert not container.streams.video


def test_tag_mp3_refuses_what_is_no_mp3_and_leaves_nothing(tmp_path: Path):
    (tmp_path / "a.mp3").write_bytes(bytes(5000))
    with pytest.raises(EncodingFailed):
        tag_mp3(tmp_path / "a.mp3", tmp_path / "b.mp3", Labels(TAGS))
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp3"]
