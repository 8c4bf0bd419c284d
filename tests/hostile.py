"""Damaged and hostile sources, made from a seed: the same on every machine."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import av
import numpy as np
import soundfile
from signals import RATE_HZ, babble

ROUNDS = 14

SCRIPT = "# Þáttur\n\n## **[Intro: Kveðja]**\n\n🎙 **Kynnir:** Halló, kl. 14:30.\n\n👨‍💻 **Gestur:** Sæl.\n"
YAML = "title: Þáttur\nlines:\n- {speaker: Kynnir, text: Halló}\n- {heading: Lok}\n- {speaker: Gestur, text: Bless}\n"


def sound(container: str, codec: str) -> bytes:
    samples = babble(2.0)
    buffer = io.BytesIO()
    if codec == "pcm":
        soundfile.write(buffer, samples.T, RATE_HZ, format=container)
        return buffer.getvalue()
    with av.open(buffer, "w", format=container) as output:
        stream = output.add_stream(codec, rate=RATE_HZ, layout="mono")
        frame_size = 960
        for start in range(0, samples.shape[1] - frame_size, frame_size):
            frame = av.AudioFrame.from_ndarray(
                samples[:, start : start + frame_size].copy(), format="fltp", layout="mono"
            )
            frame.sample_rate, frame.pts = RATE_HZ, start
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def floats(samples: np.ndarray) -> bytes:
    """A WAV file of floats, whatever they are."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples.astype(np.float32), RATE_HZ, format="WAV", subtype="FLOAT")
    return buffer.getvalue()


SEEDS: dict[str, Callable[[], bytes]] = {
    "a.wav": lambda: sound("WAV", "pcm"),
    "a-float.wav": lambda: floats(babble(2.0)[0]),
    "a.flac": lambda: sound("FLAC", "pcm"),
    "a.aiff": lambda: sound("AIFF", "pcm"),
    "a.ogg": lambda: sound("OGG", "pcm"),
    "a.mp3": lambda: sound("mp3", "libmp3lame"),
    "a.m4a": lambda: sound("ipod", "aac"),
    "a.webm": lambda: sound("webm", "libopus"),
    "a.mka": lambda: sound("matroska", "flac"),
    "a.md": lambda: SCRIPT.encode(),
    "a.yaml": lambda: YAML.encode(),
}


def truncate(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def flip(data: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(chance.choice((1, 20, 400))):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def spoil_head(data: bytes, chance: random.Random) -> bytes:
    length = chance.randrange(1, 64)
    return chance.randbytes(length) + data[length:]


def cut_out(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randrange(1, 5000) :]


def insert(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + chance.randbytes(chance.randrange(1, 5000)) + data[start:]


def blank(data: bytes, chance: random.Random) -> bytes:
    start, length = chance.randrange(len(data)), chance.randrange(1, 5000)
    return data[:start] + bytes(len(data[start : start + length])) + data[start + length :]


DAMAGES = (truncate, flip, spoil_head, cut_out, insert, blank)

HOSTILE: dict[str, bytes] = {
    "empty.mp3": b"",
    "nul.wav": bytes(100_000),
    "page.mp3": b"<!doctype html><html><body>404</body></html>",
    "list.m3u8": b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/secret.ts\n",
    "list.mp3": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "session.sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n",
    "entities.xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><rss><channel>&b;</channel></rss>',
    "laughs.xml": b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><rss>&b;</rss>',
    "bomb.yaml": b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(b"%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n" % (c, c, *([c - 1] * 8)) for c in range(98, 110)),
    "deep.yaml": b"lines: " + b"[" * 20_000,
    "object.yaml": b"lines: !!python/object/apply:os.system ['true']\n",
    "picture.mp3": bytes.fromhex("89504e470d0a1a0a") + bytes(200),
    "zip.wav": b"PK\x03\x04" + bytes(500),
    "riff-of-nothing.wav": b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x02\0\x80\xbb\0\0\0\xee\x02\0\x04\0\x10\0"
    b"data\xff\xff\xff\xff",
    "no-channels.wav": b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\0\0\x80\xbb\0\0\0\0\0\0\0\0\x10\0data\0\0\0\0",
    "surrogates.txt": b"Hall\xed\xa0\x80 heimur.",
    "control.txt": b"Hall\x00\x07 heimur.",
    "heading-alone.md": b"## **[Intro: Ekkert]**\n",
    "speaker-alone.md": "🎙 **Kynnir:**\n".encode(),
    "one-long-line.txt": b"a " * 600_000,
    "many-lines.md": b"**A:** b\n\n" * 20_000,
    "right-to-left.txt": "\u202eHalló\u202c heimur.".encode(),
    "not-a-number.wav": floats(np.full(RATE_HZ, np.nan)),
    "infinite.wav": floats(np.full(RATE_HZ, -np.inf)),
    "huge.wav": floats(np.where(babble(1.0)[0] > 0, 3e38, -1e30)),
    "denormal.wav": floats(np.full(RATE_HZ, 1e-42)),
    "one-sample.wav": floats(np.ones(1)),
    "constant.wav": floats(np.full(RATE_HZ, 0.7)),
    "one-click.wav": floats(np.eye(1, RATE_HZ)[0]),
    "markup.md": b'**Kynnir:** <script>alert(1)</script> & "]]>" [[e]] <speak>\n',
    "emoji.txt": "🎙🎙🎙 👨‍💻".encode(),
    "punctuation.txt": b"... --- !!! ???",
    "numbers.txt": b"9" * 5000,
    "date-that-is-none.txt": "31. febrúar 2023 kl. 27:99, 1/0, -0, 1e999 km².".encode(),
    "combining.txt": ("a" + "\u0301" * 5000).encode(),
}

NAMES = (
    b"; rm -rf $HOME `true` $(true).wav",
    b"..%2f..%2fetc%2fpasswd.wav",
    b"..\\..\\up.wav",
    b"two\nlines\r.wav",
    b"\x1b[31mred\x1b[0m.wav",
    b"not-utf8-\xff\xfe.wav",
    "\u202evaw.exe".encode(),
    "👨‍💻🎙.wav".encode(),
    "Þjóðsögur og ævintýri, 3. þáttur.wav".encode(),
    b"-rf.wav",
    b"--help",
    b"#latest.wav",
    b"a#1.wav",
    b"file:a.wav",
    b"concat:a|b.wav",
    b'<b>&amp;".wav',
    b"source",
    b"recording.flac",
    b"CON.wav",
    b"a" * 251 + b".wav",
    b"." + b"b" * 20,
    b"   ",
    b"a.mp3.exe",
    b"*?[a-z].wav",
)


@dataclass(frozen=True)
class Case:
    name: str
    make: Callable[[], bytes]


def cases() -> Iterator[Case]:
    for name, data in HOSTILE.items():
        yield Case(name, lambda data=data: data)
    for seed_name in SEEDS:
        for number in range(ROUNDS * 2 + len(DAMAGES)):
            damage = DAMAGES[number % len(DAMAGES)]
            chance = random.Random(f"{seed_name} {number}")
            yield Case(
                f"{damage.__name__}-{number}-{seed_name}", lambda s=seed_name, d=damage, c=chance: d(seed_bytes(s), c)
            )


_MADE: dict[str, bytes] = {}


def seed_bytes(name: str) -> bytes:
    if name not in _MADE:
        _MADE[name] = SEEDS[name]()
    return _MADE[name]
