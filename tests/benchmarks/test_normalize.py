"""How long it takes to say how a sentence is read."""

import time
from pathlib import Path

import pytest
from measuring import table

from tasks.text.normalize import normalize

pytestmark = pytest.mark.benchmark

GOLD = Path(__file__).parents[1] / "tasks" / "text" / "gold"


def test_normalize_takes_less_than_two_milliseconds_a_sentence():
    lines = (GOLD / "development.tsv").read_text().splitlines()
    sentences = [line.split("\t")[1] for line in lines if line and not line.startswith("#")]
    normalize(sentences[0])
    began_s = time.process_time()
    for sentence in sentences:
        normalize(sentence)
    each_ms = 1000 * (time.process_time() - began_s) / len(sentences)
    print(table("Normalising", ("", "CPU ms"), [[f"a sentence, mean of {len(sentences)}", f"{each_ms:.2f}"]]))
    assert each_ms < 2.0
