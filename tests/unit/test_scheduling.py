"""The order of tasks, and chances that are exactly what the weights say."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musterq.models import SchedulingStrategy
from musterq.scheduling import ORDERS, TOP_PRIORITY, pick, randomness, weight

WEIGHTS = st.lists(st.integers(0, 2**62), min_size=1, max_size=40).filter(any)
CHI_SQUARE_999 = {3: 16.27, 9: 27.88}  # by degrees of freedom; a fair draw exceeds it once in a thousand seeds


class Ticket(Random):
    """Draws the number it was told to."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def randrange(self, stop: int):
        return min(self.number, stop - 1)


@pytest.mark.parametrize(
    ("strategy", "ids"),
    [
        (SchedulingStrategy.FIFO, [1, 2, 3, 4]),
        (SchedulingStrategy.LIFO, [4, 3, 2, 1]),
        (SchedulingStrategy.PRIORITY, [3, 1, 4, 2]),
    ],
)
def test_an_order(strategy: SchedulingStrategy, ids: list[int]):
    """First in, last in, or lowest priority number with ties first in."""
    tasks = {1: 100, 2: 900, 3: 5, 4: 100}
    assert sorted(tasks, key=lambda task_id: ORDERS[strategy](tasks[task_id], task_id)) == ids


@given(st.integers(0, TOP_PRIORITY))
def test_a_weight_is_in_proportion(priority: int):
    """To within one part in a hundred million, and always a whole number."""
    assert isinstance(weight(priority), int)
    assert weight(priority) == pytest.approx(2**36 / (priority + 1), rel=1e-8)


@given(st.integers())
def test_priorities_of_plain_sql_count_as_the_nearest(priority: int):
    """They get the weight of the end of the range that they are beyond."""
    assert weight(priority) == weight(min(max(priority, 0), TOP_PRIORITY))


@given(WEIGHTS, st.data())
def test_each_ticket_belongs_to_one_weight(weights: list[int], data: st.DataObject):
    """The tickets of an index are as many as its weight: its chance is exactly its share."""
    index = data.draw(st.sampled_from([i for i, w in enumerate(weights) if w]))
    first = sum(weights[:index])
    last = first + weights[index] - 1
    assert pick(weights, Ticket(first)) == pick(weights, Ticket(last)) == index


@given(WEIGHTS, st.integers())
def test_what_weighs_nothing_is_never_drawn(weights: list[int], seed: int):
    """An empty lane has no chance."""
    assert weights[pick(weights, Random(seed))] > 0


@pytest.mark.parametrize("weights", [[], [0, 0], [5, -1], [-1, 5]])
def test_there_must_be_something_to_draw(weights: list[int]):
    """And no weight may be negative."""
    with pytest.raises(ValueError, match="cannot draw from the weights"):
        pick(weights, Random(1))


@pytest.mark.parametrize("priorities", [[1, 10, 100, 1000], [1, 1, 2, 3, 5, 8, 50, 100, 101, 500]])
def test_shares_pass_a_chi_square_test(priorities: list[int]):
    """Ten thousand draws fall as 1 / (priority + 1) says."""
    random, draws = randomness(20260301), 10_000
    weights = [weight(priority) for priority in priorities]
    drawn = Counter(pick(weights, random) for _ in range(draws))
    expected = [w * draws / sum(weights) for w in weights]
    chi_square = sum((drawn[i] - e) ** 2 / e for i, e in enumerate(expected))
    assert chi_square < CHI_SQUARE_999[len(priorities) - 1]


def test_a_seed_repeats_its_draws():
    """For tests; without a seed the draws are the system's."""
    one, other = randomness(7), randomness(7)
    assert [pick([1] * 100, one) for _ in range(20)] == [pick([1] * 100, other) for _ in range(20)]


def test_without_a_seed_draws_do_not_repeat():
    """Two hundred bits that are equal by chance have never been seen."""
    assert randomness(None).getrandbits(200) != randomness(None).getrandbits(200)
