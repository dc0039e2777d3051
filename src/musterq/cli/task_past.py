"""What happened to a task, in print: its attempts with their tracebacks, what was taken from workers, and its log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from musterq.cli.output import on_one_line, say, visible
from musterq.cli.tables import NOTHING, Column, say_table
from musterq.cli.words import run_time

ATTEMPTS = (
    Column("ATTEMPT", number=True),
    Column("OUTCOME", whole=True),
    Column("WORKER", aside=True),
    Column("STARTED (UTC)", whole=True, aside=True),
    Column("TOOK", number=True),
    Column("ERROR", aside=True),
)
TAKEN = (
    Column("AT (UTC)", whole=True),
    Column("EVENT", whole=True),
    Column("WORKER", aside=True),
    Column("REASON", aside=True),
    Column("BECAME", whole=True),
    Column("DETAIL", aside=True),
)
INDENT = "  "


def say_past(explained: Mapping[str, Any]) -> None:
    """Print what there is of all of it, as `explain` gives it, each part below a line that names it."""
    _say_attempts(explained["attempts"])
    _say_taken(explained["rescues"])
    _say_log(explained["logs"])


def _say_attempts(attempts: Sequence[Mapping[str, Any]]) -> None:
    if not attempts:
        return
    say("\nAttempts:")
    say_table(ATTEMPTS, [_attempt(attempt) for attempt in attempts])
    for traceback, those in groupby(attempts, key=itemgetter("traceback")):
        if traceback:
            say(f"\nTraceback of {_numbers([attempt['attempt'] for attempt in those])}:")
            _say_indented(traceback)


def _say_taken(entries: Sequence[Mapping[str, Any]]) -> None:
    if entries:
        say("\nTaken from workers, and finishes that came too late:")
        say_table(TAKEN, [_entry(entry) for entry in entries])


def _say_log(lines: Sequence[Mapping[str, Any]]) -> None:
    if not lines:
        return
    say("\nLast lines of its log:")
    for line in lines:
        say(f"{INDENT}{line['at_utc']}  {visible(line['level'])}  {on_one_line(line['message'] or '')}")
        details = line["details"]
        if isinstance(details, dict) and isinstance(details.get("traceback"), str):
            _say_indented(details["traceback"], INDENT * 2)


def _numbers(attempts: Sequence[int]) -> str:
    return f"attempt {attempts[0]}" if len(attempts) == 1 else f"attempts {attempts[0]} to {attempts[-1]}"


def _attempt(attempt: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        str(attempt["attempt"]),
        attempt["outcome"],
        attempt["worker_id"] or NOTHING,
        attempt["started_at_utc"] or NOTHING,
        run_time(attempt["run_seconds"]),
        attempt["error"] or NOTHING,
    )


def _entry(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        entry["at_utc"],
        entry["event"],
        entry["worker_id"] or NOTHING,
        entry["reason"],
        entry["became"] or NOTHING,
        entry["detail"] or NOTHING,
    )


def _say_indented(text: str, indent: str = INDENT) -> None:
    for line in text.rstrip().splitlines():
        say(f"{indent}{visible(line)}".rstrip())
