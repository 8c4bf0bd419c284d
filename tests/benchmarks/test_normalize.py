"""How well written text is read, by class, and how long it takes."""

import time
from collections import defaultdict

import pytest
from gold import LEAST, sentences
from measuring import table

from tasks.text.normalize import normalize

pytestmark = pytest.mark.benchmark

LANGUAGES = {name: "en" if name == "english" else "is" for name in LEAST}


@pytest.mark.parametrize("name", LEAST)
def test_normalize_takes_less_than_two_milliseconds_a_sentence(name):
    written = [sentence.written for sentence in sentences(name)]
    normalize(written[0], LANGUAGES[name])
    began_s = time.process_time()
    for sentence in written:
        normalize(sentence, LANGUAGES[name])
    each_ms = 1000 * (time.process_time() - began_s) / len(written)
    print(table("Normalising", ("", "CPU ms"), [[f"a sentence, mean of {len(written)}, {name}", f"{each_ms:.2f}"]]))
    assert each_ms < 2.0


def test_normalize_reads_the_gold_sentences_as_they_may_be_said():
    scores = {name: score(name) for name in LEAST}
    kinds = list(dict.fromkeys(kind for by_kind in scores.values() for kind in by_kind))
    rows = [[kind, *(shown(scores[name].get(kind, [])) for name in LEAST)] for kind in kinds]
    every = {name: [right for rights in by_kind.values() for right in rights] for name, by_kind in scores.items()}
    rows.append(["all", *(shown(every[name]) for name in LEAST)])
    print(table("Gold sentences read exactly right", ("", *(name.replace("_", " ") for name in LEAST)), rows))
    for name, least in LEAST.items():
        assert sum(every[name]) / len(every[name]) >= least, name


def score(name: str) -> dict[str, list[bool]]:
    """By class, for every sentence of a set, whether it is read as it may be said. No digit may be left in any."""
    rights: dict[str, list[bool]] = defaultdict(list)
    for sentence in sentences(name):
        spoken = normalize(sentence.written, LANGUAGES[name]).text
        assert not any(character.isdecimal() for character in spoken), spoken
        rights[sentence.kind].append(sentence.is_read_by(spoken))
    return rights


def shown(rights: list[bool]) -> str:
    """4 of 5, or nothing where a set has no such sentence."""
    return f"{sum(rights)}/{len(rights)}" if rights else ""
