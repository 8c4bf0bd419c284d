"""What the leveller does to real conversations with 12 dB between the speakers, and what it costs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import soundfile
import soxr
from conversations import Conversation, joined, real
from measuring import table
from signals import DATA, RATE_HZ, Samples

from tasks.audio.energies import Energies
from tasks.audio.leveller import Gains, apply_gains, gain_curve, listen
from tasks.audio.pcm import write_flac
from tasks.audio.stretches import find_stretches
from tasks.audio.tidying import tidy
from tasks.schemas import Loudness, Segment, Tidying, Transcript

pytestmark = pytest.mark.benchmark

APART_DB = 12.0
ASSEMBLED, TURNS = 8, 24
HEAD = ("", "LU apart", "after", "range of each, LU", "kept, %", "gain within a turn, ±dB", "fastest, dB/s")


def test_leveller_on_conversations_with_12_db_between_the_speakers():
    rows: list[list[object]] = []
    for name in ("is_2spk_mf", "en_2spk", "is_3spk_mmf"):
        rows += _rows(name, [real(name).apart(APART_DB)])
    rows += _rows(f"{ASSEMBLED} assembled", [_assembled(seed).apart(APART_DB) for seed in range(ASSEMBLED)])
    print(table("12 dB between the speakers, strength 0.7; of several, the mean and the worst", HEAD, rows))


def test_cpu_of_tidying(tmp_path):
    speech = real("is_2spk_mf").apart(APART_DB).samples
    rows = []
    for channels in (1, 2):
        source = tmp_path / f"{channels}.flac"
        whole = np.repeat(speech, channels, axis=0)
        minutes = 12 * whole.shape[1] / RATE_HZ / 60
        write_flac(source, (whole for _ in range(12)), sample_rate_hz=RATE_HZ)
        for what, wish in (("levelled", (0.7, 0.0)), ("and shortened", (0.7, 1.5))):
            began_s, cpu_s = time.perf_counter(), time.process_time()
            wished = Tidying(strength=wish[0], silence_longer_than_s=wish[1], silence_kept_s=0.8)
            tidy(source, tmp_path / "b.flac", wished, Transcript(language="is", duration_s=60 * minutes))
            spent = (time.process_time() - cpu_s) / 60 / minutes, (time.perf_counter() - began_s) / 60 / minutes
            rows.append([f"{channels} channels, {what}", minutes, *spent])
    print(table("Of the recording's length", ("", "minutes", "CPU", "seconds"), rows))


@dataclass(frozen=True)
class Judged:
    """A conversation before and after: its speakers' levels and ranges, and how gains move while they speak."""

    apart_lu: tuple[float, float]
    ranges_lu: tuple[tuple[float, float], ...]
    within_db: float
    """Standard deviation of the gain within a turn, the mean of all turns."""
    fastest_db_s: float

    @property
    def kept(self) -> list[float]:
        """What is left of each speaker's range, in percent."""
        return [100 * after / before for before, after in self.ranges_lu]


def _rows(name: str, conversations: list[Conversation]) -> Iterator[list[object]]:
    for way, known in (("turns known", True), ("by level alone", False)):
        judged = [_judge(conversation, conversation.turns if known else ()) for conversation in conversations]
        kept = [share for one in judged for share in one.kept]
        yield [
            f"{name}, {way}",
            _spread([one.apart_lu[0] for one in judged]),
            _spread([one.apart_lu[1] for one in judged]),
            " ".join(f"{before:.1f}→{after:.1f}" for before, after in judged[0].ranges_lu) if len(judged) == 1 else "",
            f"{np.mean(kept):.0f} ({min(kept):.0f} to {max(kept):.0f})",
            _spread([one.within_db for one in judged]),
            _spread([one.fastest_db_s for one in judged]),
        ]


def _judge(conversation: Conversation, turns: tuple[Segment, ...]) -> Judged:
    heard = listen([conversation.samples], sample_rate_hz=RATE_HZ, channels=1)
    gains_db = gain_curve(heard, find_stretches(heard.energies, turns), strength=0.7)
    before = list(conversation.loudness(conversation.samples).values())
    levelled = next(apply_gains([conversation.samples], gains_db, hop=heard.hop))
    after = list(conversation.loudness(levelled).values())
    moves = [_speech_gains(turn, heard.energies, gains_db) for turn in conversation.turns]
    return Judged(
        apart_lu=(_apart(before), _apart(after)),
        ranges_lu=tuple((was.range_lu, now.range_lu) for was, now in zip(before, after, strict=True)),
        within_db=float(np.mean([np.std(own_db) for own_db in moves])),
        fastest_db_s=max(10 * float(np.abs(np.diff(own_db)).max(initial=0.0)) for own_db in moves),
    )


def _speech_gains(turn: Segment, energies: Energies, gains_db: Gains) -> Gains:
    """The gains while somebody is heard in this turn: its hops that are less than 20 dB below its mean."""
    own = energies[round(turn.start_s * 10) : round(turn.end_s * 10)]
    return gains_db[round(turn.start_s * 10) :][: len(own)][own > own.mean() / 100]


def _apart(found: list[Loudness]) -> float:
    return float(np.ptp([one.integrated_lufs for one in found]))


def _assembled(seed: int) -> Conversation:
    """Two readers in turns of a sentence or a word or two, with pauses of 0.02 to 0.8 s."""
    chance = np.random.default_rng(seed)
    voices = _voices()["en" if seed % 2 else "is"]
    names = list(chance.choice(sorted(voices), 2, replace=False))
    pieces: list[tuple[str, Samples]] = []
    for number in range(TURNS):
        name = names[number % 2 if number < 2 else chance.integers(2)]
        said = _read(voices[name][chance.integers(len(voices[name]))])
        words_only = chance.random() < 0.25
        pieces.append((name, said[:, : round(chance.uniform(0.6, 1.5) * RATE_HZ)] if words_only else said))
    return joined(pieces, [float(pause_s) for pause_s in chance.uniform(0.02, 0.8, TURNS)])


def _voices() -> dict[str, dict[str, list[str]]]:
    """By language, the readers of at least four sentences."""
    manifest = DATA / "audio" / "manifest.jsonl"
    if not manifest.exists():
        pytest.skip(f"no test data at {manifest}; set HLADVARP_TEST_DATA")
    found: dict[str, dict[str, list[str]]] = {"is": {}, "en": {}}
    for row in map(json.loads, manifest.read_text().splitlines()):
        if row["path"].startswith(("is/samromur", "en/librispeech")):
            found[row["path"][:2]].setdefault(row["path"].rsplit("/")[-1].split("-")[0], []).append(row["path"])
    return {
        language: {name: paths for name, paths in voices.items() if len(paths) >= 4}
        for language, voices in found.items()
    }


def _read(path: str) -> Samples:
    """A clip without the silence around it."""
    samples, rate_hz = soundfile.read(DATA / "audio" / path, dtype="float32", always_2d=True)
    mono = soxr.resample(samples.mean(axis=1), rate_hz, RATE_HZ)
    heard = np.flatnonzero(np.abs(mono) > np.abs(mono).max() * 0.03)
    return mono[None, heard[0] : heard[-1] + 1]


def _spread(values: list[float]) -> str:
    """The mean, and the worst of several."""
    return f"{np.mean(values):.2f}" + (f" (≤ {max(values):.2f})" if len(values) > 1 else "")
