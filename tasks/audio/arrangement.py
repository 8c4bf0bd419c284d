"""Where everything lies in an episode with intro, stings and outro, in samples."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise

from tasks.audio.ducking import Span
from tasks.audio.pcm import PROGRAMME_RATE_HZ
from tasks.schemas import Bed, Chapter, EpisodeTemplate, Jingle

JINGLES = ("intro", "sting", "outro")
_DECLICK = round(0.005 * PROGRAMME_RATE_HZ)


@dataclass(frozen=True)
class Place:
    """Where a stretch lies, and how long it takes to come and to go."""

    start: int
    end: int
    fade_in: int = 0
    fade_out: int = 0


@dataclass(frozen=True)
class Part:
    """A stretch of the programme between two stings, where it lies now."""

    place: Place
    offset: int
    """Where it began before."""


@dataclass(frozen=True)
class Arrangement:
    """An episode laid out in time."""

    parts: tuple[Part, ...]
    intro: Place | None
    stings: tuple[Place, ...]
    outro: Place | None
    beds: tuple[Place, ...]
    n_samples: int

    def moved(self, sample: float) -> float:
        """A moment of the programme, in the episode's samples."""
        number = bisect_right([part.offset for part in self.parts], sample + 0.5) - 1
        part = self.parts[max(0, number)]
        return sample - part.offset + part.place.start

    def moved_s(self, moment_s: float) -> float:
        """A moment of the programme, in the episode's time."""
        return self.moved(moment_s * PROGRAMME_RATE_HZ) / PROGRAMME_RATE_HZ


def arrange(
    template: EpisodeTemplate,
    lengths: dict[str, int],
    n_samples: int,
    chapters: Sequence[Chapter],
    speech: Sequence[Span],
) -> Arrangement:
    """Lay a programme of `n_samples` out between its jingles.

    A sting stands in the middle of the silence before a chapter; speech is never faded.
    lengths: in samples, of the sounds that there are, by what they are for.
    """
    starts = [min(round(chapter.start_s * PROGRAMME_RATE_HZ), n_samples) for chapter in chapters[1:]]
    borders = [0, *(_middle_of_pause(start, speech) for start in starts), n_samples]
    cuts = borders if "sting" in lengths else [0, n_samples]
    stretches = [end - start for start, end in pairwise(cuts)]
    beside = {"intro": stretches[0], "sting": min(stretches), "outro": stretches[-1]}
    overlap = {role: _overlap(getattr(template, role), lengths.get(role, 0), beside[role]) for role in JINGLES}
    intro, sting, outro = (lengths.get(role, 0) for role in JINGLES)
    start = intro - overlap["intro"]
    parts: list[Part] = []
    stings: list[Place] = []
    for first, last in pairwise(cuts):
        comes = overlap["intro"] if first == 0 else max(_DECLICK, overlap["sting"])
        goes = overlap["outro"] if last == n_samples else max(_DECLICK, overlap["sting"])
        before, after = _silences(first, last, speech)
        end = start + last - first
        parts.append(Part(Place(start, end, min(comes, before), min(goes, after)), first))
        if last < n_samples:
            crossing = overlap["sting"]
            stings.append(Place(end - crossing, end - crossing + sting, crossing, crossing))
            end = stings[-1].end - crossing
        start = end
    last_place = Place(start - overlap["outro"], start - overlap["outro"] + outro, overlap["outro"], 0)
    return Arrangement(
        parts=tuple(parts),
        intro=Place(0, intro, 0, overlap["intro"]) if intro else None,
        stings=tuple(stings),
        outro=last_place if outro else None,
        beds=tuple(_beds(template.bed, chapters, borders, parts, overlap)) if "bed" in lengths else (),
        n_samples=last_place.end,
    )


def lies_under(bed: Bed, title: str) -> bool:
    """Whether a bed lies under the chapter of this title; where there are no chapters, all is one without a title."""
    return any(fnmatchcase(title.casefold(), pattern.strip().casefold()) for pattern in bed.chapters)


def _overlap(jingle: Jingle, length: int, beside: int) -> int:
    """As long as is asked, and no longer than half of the jingle, and of what it stands beside."""
    return min(round(jingle.overlap_s * PROGRAMME_RATE_HZ), length // 2, beside // 2)


def _middle_of_pause(start: int, speech: Sequence[Span]) -> int:
    """The middle of the silence before a chapter that begins at `start`; its very beginning where there is none."""
    number = bisect_right([first for first, _ in speech], start - _DECLICK) - 1
    end = speech[number][1] if number >= 0 else 0
    return (end + start) // 2 if end < start else start


def _silences(first: int, last: int, speech: Sequence[Span]) -> tuple[int, int]:
    """How many samples there are before the first word of a stretch, and after its last."""
    inside = [(max(start, first), min(end, last)) for start, end in speech if start < last and end > first]
    return (inside[0][0] - first, last - inside[-1][1]) if inside else (last - first, last - first)


def _beds(
    bed: Bed, chapters: Sequence[Chapter], borders: Sequence[int], parts: Sequence[Part], overlap: dict[str, int]
) -> Iterator[Place]:
    """Where the bed lies: under neighbouring chapters in one go, unless a sting stands between them."""
    usual = round(bed.fade_s * PROGRAMME_RATE_HZ)
    for number, first, last in _runs(bed, chapters, borders, [part.offset for part in parts]):
        part = parts[number].place
        shift = part.start - parts[number].offset
        before, after = (
            overlap["sting" if number else "intro"],
            overlap["sting" if part is not parts[-1].place else "outro"],
        )
        # Where nothing stands between two chapters, coming and going lie around the middle of the pause.
        opens, closes = first + shift == part.start, last + shift == part.end
        start = part.start if opens else max(part.start, first + shift - usual // 2)
        end = part.end if closes else min(part.end, last + shift + usual // 2)
        comes, goes = (before or usual) if opens else usual, (after or usual) if closes else usual
        yield Place(start, end, min(comes, (end - start) // 2), min(goes, (end - start) // 2))


def _runs(
    bed: Bed, chapters: Sequence[Chapter], borders: Sequence[int], offsets: Sequence[int]
) -> list[tuple[int, int, int]]:
    """The part that they lie in, the first sample and the last one of chapters that the bed lies under in one go."""
    runs: list[tuple[int, int, int]] = []
    titles = [chapter.title for chapter in chapters] or [""]
    for title, (first, last) in zip(titles, pairwise(borders), strict=True):
        if first == last or not lies_under(bed, title):
            continue
        number = bisect_right(offsets, first) - 1
        goes_on = bool(runs) and runs[-1][0] == number and runs[-1][2] == first
        runs.append((number, runs.pop()[1] if goes_on else first, last))
    return runs
