"""How many tasks to claim ahead of the threads that will run them."""

from __future__ import annotations

from collections.abc import Sequence

from musterq.models import Outcome

AHEAD_SECONDS = 0.010
LONGEST_RUN_SECONDS = 0.005
MOST_AHEAD = 128


class Pace:
    """Claims as many tasks ahead as will begin within 10 ms, going by how long the last ones ran.

    Tasks over 5 ms are not claimed ahead at all: another worker may begin them sooner, and the time that
    a claim takes does not matter beside theirs.
    """

    def __init__(self, threads: int, most: int) -> None:
        self.threads = threads
        self._most = most
        self._run_seconds: float | None = None  # of a usual task, newer ones counting more
        self.ahead = 0

    @property
    def target(self) -> int:
        """How many tasks to hold: one for each thread, and those ahead."""
        return self.threads + self.ahead

    def note(self, outcomes: Sequence[Outcome]) -> None:
        """Learn from what has just finished."""
        ran = [o.finished_at - o.started_at for o in outcomes if o.started_at is not None and o.finished_at is not None]
        if ran:
            latest = sum(ran) / len(ran)
            self._go_by(latest if self._run_seconds is None else (self._run_seconds + latest) / 2)

    def note_stall(self) -> None:
        """Claim nothing ahead until tasks are short again: some had to wait too long for a thread."""
        self._go_by(2 * LONGEST_RUN_SECONDS)

    def _go_by(self, run_seconds: float) -> None:
        self._run_seconds = max(run_seconds, 1e-6)  # a clock that was set back makes negative times
        within_reach = int(self.threads * AHEAD_SECONDS / self._run_seconds)
        self.ahead = min(self._most, within_reach) if self._run_seconds <= LONGEST_RUN_SECONDS else 0
