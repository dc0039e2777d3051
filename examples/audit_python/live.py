"""Shows the audit while it runs: a live table in a terminal, a line now and then elsewhere.

All that is shown comes from `QueueMonitoring`, which costs the same small price at any number of tasks.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table

from musterq import QueueMonitoring

LINE_SECONDS = 2.0
RATE_SECONDS = 2.0
FINISHED = ("completed", "failed", "cancelled")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """The state of the queue at one moment."""

    seconds: float
    done: int
    waiting: int
    running: int
    per_second: float
    workers: list[dict[str, Any]]

    @property
    def total(self) -> int:
        """How many tasks there are so far: package tasks add to them."""
        return self.done + self.waiting + self.running

    @property
    def living(self) -> int:
        """How many workers there are but for dead ones, which stay on the roll."""
        return sum(worker["status"] != "lost" for worker in self.workers)


class Meter:
    """Reads the state of the queue, and how fast it goes.

    Attributes:
        done: how many tasks were done since the first reading.
        seconds: from the first reading to the last one at which tasks had been done.
    """

    def __init__(self, monitoring: QueueMonitoring) -> None:
        self.done = 0
        self.seconds = 0.0
        self._monitoring = monitoring
        self._begin = time.monotonic()
        self._before: int | None = None
        self._past: deque[tuple[float, int]] = deque()

    def read(self) -> Reading:
        """Read how things stand now."""
        depth = self._monitoring.get_queue_metrics()["queue_depth_by_status"]
        done = sum(depth.get(status, 0) for status in FINISHED)
        seconds = time.monotonic() - self._begin
        self._note(seconds, done)
        return Reading(
            seconds=seconds,
            done=done,
            waiting=depth.get("queued", 0) + depth.get("scheduled", 0),
            running=depth.get("processing", 0),
            per_second=self._rate(),
            workers=sorted(self._monitoring.get_worker_activity(), key=lambda worker: str(worker["worker_id"])),
        )

    def _note(self, seconds: float, done: int) -> None:
        self._past.append((seconds, done))
        while self._past[0][0] < seconds - RATE_SECONDS:
            self._past.popleft()
        self._before = done if self._before is None else self._before
        if done - self._before > self.done:
            self.done, self.seconds = done - self._before, seconds

    def _rate(self) -> float:
        (then, before), (now, done) = self._past[0], self._past[-1]
        return (done - before) / (now - then) if now > then else 0.0


@contextmanager
def view(console: Console) -> Iterator[Callable[[Reading], None]]:
    """Give what shows a reading in the way that suits the output."""
    if not console.is_terminal or console.is_dumb_terminal:
        yield Lines(console).show
        return
    with Live(console=console, auto_refresh=False) as live:
        yield lambda reading: live.update(picture(reading), refresh=True)


class Lines:
    """Prints a line every few seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._due = 0.0

    def show(self, reading: Reading) -> None:
        """Print a line if it is time for one."""
        if reading.seconds >= self._due:
            self._console.print(line(reading), soft_wrap=True)
            self._due = reading.seconds + LINE_SECONDS


def line(reading: Reading) -> str:
    """Describe a moment in a line."""
    return (
        f"{reading.seconds:6.1f} s {reading.done:9,} done {reading.waiting:9,} waiting {reading.running:5,} running"
        f" {reading.per_second:8,.0f} per second {reading.living:3} workers"
    )


def picture(reading: Reading) -> RenderableType:
    """Draw a moment: how far it is, the figures, and who is at work."""
    parts = [_progress(reading), _figures(reading), *([_roll(reading)] if reading.workers else [])]
    return Group(*(Padding(part, (1, 2, 0, 2)) for part in parts))


def _progress(reading: Reading) -> Table:
    row = Table.grid(padding=(0, 2), expand=True)
    row.add_column(ratio=1)
    row.add_column(justify="right", width=5)
    total = max(reading.total, 1)
    row.add_row(ProgressBar(total=total, completed=reading.done), f"{reading.done / total:.0%}")
    return row


def _figures(reading: Reading) -> Table:
    table = _table()
    for name in ("done", "waiting", "running", "per second", "seconds"):
        table.add_column(name, justify="right", style="bold", min_width=9)
    rate = f"{reading.per_second:,.0f}"
    table.add_row(f"{reading.done:,}", f"{reading.waiting:,}", f"{reading.running:,}", rate, f"{reading.seconds:.1f}")
    return table


def _roll(reading: Reading) -> Table:
    table = _table()
    table.add_column("worker", min_width=9)
    table.add_column("state", min_width=9)
    table.add_column("heartbeat", justify="right", min_width=9)
    table.add_column("tasks in flight", justify="right")
    for worker in reading.workers:
        age = f"{worker['seconds_since_heartbeat']} s ago"
        table.add_row(worker["worker_id"], worker["status"], age, str(worker["tasks_in_flight"]))
    return table


def _table() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
