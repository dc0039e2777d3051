"""The scenarios by name, in the order in which they run."""

from collections.abc import Mapping
from typing import Protocol

from benchmarks.harness import Row
from benchmarks.scenarios import (
    claim_complete,
    enqueue,
    enqueue_many,
    flat,
    memory,
    price,
    processes,
    pruning,
    rescue,
    seeing,
    top,
    wake,
    worker,
)
from benchmarks.setting import Setting


class Scenario(Protocol):
    """A module whose docstring says what is measured."""

    __doc__: str | None

    def rows(self, setting: Setting) -> list[Row]:
        """Measure."""


SCENARIOS: Mapping[str, Scenario] = {
    "enqueue": enqueue,
    "enqueue_many": enqueue_many,
    "claim_complete": claim_complete,
    "worker": worker,
    "wake": wake,
    "flat": flat,
    "processes": processes,
    "memory": memory,
    "price": price,
    "pruning": pruning,
    "rescue": rescue,
    "top": top,
    "seeing": seeing,
}
