"""The whole queue at a glance, and sleeping until it changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from musterq.models import QueueMetrics, TaskStatus
from musterq.storage.verbs.waiter import Waiter

T = TypeVar("T")


class OverviewVerbs(Protocol):
    """The verbs of the whole."""

    @property
    def can_notify(self) -> bool:
        """Whether a `waiter` is woken by changes; if not, it only sleeps and whoever waits must poll."""

    def at_one_moment(self, look: Callable[[], T]) -> T:
        """Call ``look`` and return what it returns; whatever verbs it reads with tell of the same moment.

        Within it, whether a worker's process lives is asked once.

        It should write nothing, since it would not see that, and be short: meanwhile the log cannot be cut.
        """

    def metrics(self) -> QueueMetrics:
        """The state of the queue, from counters, at the same cost at any size."""

    def task_counts(self) -> dict[tuple[str, TaskStatus], int]:
        """How many tasks there are per type and status, from counters, without zeros."""

    def claimable(self, types: frozenset[str] | None, capabilities: Mapping[str, Any]) -> int:
        """How many queued tasks a worker of these types (None: all) and capabilities could claim, from counters."""

    def waiter(self) -> Waiter:
        """Something to sleep on until the queue changes."""
