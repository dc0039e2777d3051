"""The order in which a worker takes tasks: three orders, and the arithmetic of weighted chance.

WEIGHTED_RANDOM draws a task with weight 1 / (priority + 1) in three steps from exact counts: a lane,
a group of 32 priorities in it, a priority in that; the cost is the same at any depth. Of the tasks
of that priority, whose chances are equal, the oldest is taken.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from random import Random, SystemRandom

from musterq.models import SchedulingStrategy

SCALE = 2**36
TOP_PRIORITY = 1023
GROUP_SIZE = 32

_SYSTEM_RANDOM = SystemRandom()  # has no state, so threads and forks share it safely

#: Strategy to ``key(priority, task_id)``: the task with the least key is the next one.
ORDERS: Mapping[SchedulingStrategy, Callable[[int, int], tuple[int, int]]] = {
    SchedulingStrategy.FIFO: lambda _priority, task_id: (0, task_id),
    SchedulingStrategy.LIFO: lambda _priority, task_id: (0, -task_id),
    SchedulingStrategy.PRIORITY: lambda priority, task_id: (priority, task_id),
}


def weight(priority: int) -> int:
    """The weight of one task: 2**36 / (priority + 1), rounded; priorities beyond 0 to 1023 count as the nearest.

    Whole numbers, because triggers add and subtract them millions of times, and sums of floats would
    drift; 2**36, because a weight then errs by less than 1e-8 and 134 million tasks fit 63 bits.
    """
    return _WEIGHTS[min(max(priority, 0), TOP_PRIORITY)]


def pick(weights: Sequence[int], random: Random) -> int:
    """An index, drawn with a probability of exactly its weight's share.

    Raises:
        ValueError: if nothing weighs anything, or a weight is negative.
    """
    sums = list(accumulate(weights))
    if not sums or sums[-1] <= 0 or min(weights) < 0:
        raise ValueError(f"cannot draw from the weights {weights!r}: give some, none negative, not all zero")
    return bisect_right(sums, random.randrange(sums[-1]))


def randomness(seed: int | None) -> Random:
    """A source of chance: repeatable with a seed, the system's own without."""
    return _SYSTEM_RANDOM if seed is None else Random(seed)  # noqa: S311 - it keeps no secret


_WEIGHTS = tuple((SCALE + divisor // 2) // divisor for divisor in range(1, TOP_PRIORITY + 2))
