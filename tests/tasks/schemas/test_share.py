"""How a stage's work is divided among pods."""

import pytest

from tasks.schemas import Share


@pytest.mark.parametrize(
    "sizes", [[], [0], [0, 0, 0], [5], [1] * 12, [100, 1, 1, 1], [1, 1, 1, 100], [3, 0], [0.1] * 7]
)
@pytest.mark.parametrize("pods", [1, 2, 3, 5])
def test_every_item_is_in_one_share_and_in_order(sizes, pods):
    items = list(enumerate(sizes))
    shares = [Share(number=number, of=pods).part_of(items) for number in range(1, pods + 1)]

    assert [index for share in shares for index in share] == list(range(len(sizes)))


def test_shares_are_of_about_one_size():
    items = [(index, 40 + index % 7) for index in range(300)]
    weights = [sum(40 + index % 7 for index in Share(number=number, of=3).part_of(items)) for number in (1, 2, 3)]

    assert max(weights) - min(weights) < 100
