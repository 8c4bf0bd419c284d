from pathlib import Path

import numpy as np

from tasks.models.memory import give_back_memory


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


def test_give_back_memory_returns_what_was_freed_in_small_pieces():
    pieces = [np.ones(8_000) for _ in range(4_000)]  # 64 kB each: below the size that is mapped on its own
    keep = pieces[::200]
    del pieces
    before_mb = resident_mb()

    give_back_memory()

    assert len(keep) == 20
    assert resident_mb() < before_mb - 100
