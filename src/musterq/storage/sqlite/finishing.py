"""How attempts end. Every statement here names the claim's token, and changes nothing when it is no longer held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from musterq.clock import epoch_to_text
from musterq.models import Claim, Outcome, TaskStatus
from musterq.records import LogLine
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.crashing import crash
from musterq.storage.sqlite.ledger import note_refused
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.tallies import Tallies
from musterq.storage.sqlite.times import Moment

_FINISH = {
    TaskStatus.FAILED: "finish_failed",
    TaskStatus.SCHEDULED: "finish_retry",
    TaskStatus.QUEUED: "finish_release",
    TaskStatus.CANCELLED: "finish_cancelled",
}
_NOTED = {TaskStatus.FAILED: "failed", TaskStatus.SCHEDULED: "failed", TaskStatus.CANCELLED: "cancelled"}


def finish_all(
    connection: Connection, begun: Sequence[Claim], outcomes: Sequence[Outcome], now: Moment, tallies: Tallies
) -> list[bool]:
    """Write how attempts ended, and that tasks that were claimed ahead have been started, as far as they are held."""
    if not begun:
        return [finish(connection, outcome, now, tallies) for outcome in outcomes]
    ended = {outcome.claim.claim_token for outcome in outcomes if outcome.status is not TaskStatus.QUEUED}
    for claim in begun:
        if claim.claim_token not in ended:  # else its end says it
            _begin(connection, claim, now, tallies)
    held = [finish(connection, outcome, now, tallies) for outcome in outcomes]
    tokens = {claim.claim_token for claim in begun} & ended
    for outcome, was_held in zip(outcomes, held, strict=True):
        if was_held and outcome.claim.claim_token in tokens:
            tallies.time(outcome.claim.type, "started", outcome.claim.waited_ms)
    return held


def _begin(connection: Connection, claim: Claim, now: Moment, tallies: Tallies) -> None:
    facts = {"id": claim.task_id, "token": claim.claim_token, "now": now.text}
    if connection.run(query("begin"), facts):
        tallies.time(claim.type, "started", claim.waited_ms)


def finish(connection: Connection, outcome: Outcome, now: Moment, tallies: Tallies) -> bool:
    """Write how one attempt ended; False if the claim is no longer held."""
    claim = outcome.claim
    started = claim.claimed_at if outcome.started_at is None else outcome.started_at
    finished = now.epoch if outcome.finished_at is None else outcome.finished_at
    facts: dict[str, Any] = {
        "id": claim.task_id,
        "token": claim.claim_token,
        "finished": now.text if outcome.finished_at is None else epoch_to_text(finished),
        "started": None if outcome.started_at is None else epoch_to_text(started),
        "run_ms": max(0, round((finished - started) * 1000)),
    }
    if _end(connection, outcome, facts, now):
        if outcome.status is TaskStatus.COMPLETED:
            tallies.time(claim.type, "completed", facts["run_ms"])
        return True
    work = None if outcome.started_at is None and outcome.status is TaskStatus.QUEUED else facts["run_ms"] / 1000
    note_refused(connection, claim, outcome.status, work, now)
    return False


def extend(connection: Connection, claim: Claim, seconds: float, now: Moment) -> bool:
    """Move the end of a claim's lease; False if the claim is no longer held."""
    lease = {"lease": now.after(seconds), "boot_id": now.boot_id, "lease_ms": now.boot_ms_after(seconds)}
    facts = {"id": claim.task_id, "token": claim.claim_token, "now": now.text, **lease}
    return connection.run(query("extend"), facts) == 1


def log(connection: Connection, lines: Sequence[LogLine]) -> None:
    """Keep log lines, where the claims that they name are still held."""
    for line in lines:
        facts = {"id": line.task_id, "token": line.claim_token, "now": epoch_to_text(line.at)}
        connection.run(query("log"), {**facts, "level": line.level, "message": line.message, "details": line.details})


def fail_unstarted(connection: Connection, task_id: int, token: int, error: str, now: Moment) -> None:
    """Fail a task that was taken and can never run; its attempt is not counted."""
    facts = {"id": task_id, "token": token, "error": error, "finished": now.text}
    connection.run(query("fail_unstarted"), facts)


def _end(connection: Connection, outcome: Outcome, facts: dict[str, Any], now: Moment) -> bool:
    if outcome.crash is not None:
        return crash(connection, outcome.claim, outcome.crash, {**facts, "error": outcome.error})
    if outcome.status is TaskStatus.COMPLETED:
        return connection.run(query("finish_completed"), {**facts, "result": outcome.result}) == 1
    return _end_otherwise(connection, outcome, facts, now)


def _end_otherwise(connection: Connection, outcome: Outcome, facts: dict[str, Any], now: Moment) -> bool:
    if outcome.status in _NOTED:
        note = {"outcome": _NOTED[outcome.status], "error": outcome.error, "traceback": outcome.traceback}
        connection.run(query("attempt_note"), {**facts, **note})
    again = now.after(outcome.retry_in_seconds)
    return connection.run(query(_FINISH[outcome.status]), {**facts, "error": outcome.error, "again": again}) == 1
