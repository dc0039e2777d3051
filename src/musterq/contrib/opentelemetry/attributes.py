"""What spans say of tasks, by the semantic conventions for messaging; what these have no word for is ``musterq.*``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from opentelemetry.util.types import AttributeValue

from musterq.models import Claim, Enqueued, NewTask, Outcome, TaskStatus
from musterq.queue.running import is_last_attempt

SYSTEM = "messaging.system"
OPERATION_NAME = "messaging.operation.name"
OPERATION_TYPE = "messaging.operation.type"
DESTINATION = "messaging.destination.name"
MESSAGE_ID = "messaging.message.id"
BODY_BYTES = "messaging.message.body.size"
BATCH_COUNT = "messaging.batch.message_count"
CLIENT_ID = "messaging.client.id"
ERROR_TYPE = "error.type"
ATTEMPT = "musterq.attempt"
MAX_ATTEMPTS = "musterq.max_attempts"
WORKER_ID = "musterq.worker_id"
PRIORITY = "musterq.priority"
OUTCOME = "musterq.outcome"
RETRY_IN = "musterq.retry_in_seconds"
CREATED = "musterq.created"

ENQUEUE = "enqueue"
PROCESS = "process"
_OTHER_ERROR = "_OTHER"
_BY_STATUS = {
    TaskStatus.COMPLETED: "completed",
    TaskStatus.FAILED: "failed",
    TaskStatus.SCHEDULED: "retried",
    TaskStatus.CANCELLED: "cancelled",
    TaskStatus.QUEUED: "released",
}
ERRORS = frozenset({"failed", "retried", "crashed"})

Attributes = Mapping[str, AttributeValue]


def of_tasks(tasks: Sequence[NewTask], *, many: bool) -> dict[str, AttributeValue]:
    """Of tasks that are to be written; those of different types go to no one destination."""
    attributes: dict[str, AttributeValue] = {
        SYSTEM: "musterq",
        OPERATION_TYPE: "send",
        OPERATION_NAME: ENQUEUE,
    }
    if len({task.type for task in tasks}) == 1:
        attributes[DESTINATION] = tasks[0].type
    if many:
        attributes[BATCH_COUNT] = len(tasks)
    else:
        attributes[BODY_BYTES] = len(tasks[0].payload.encode())
        attributes[PRIORITY] = tasks[0].priority
    return attributes


def of_written(made: Enqueued) -> Attributes:
    """Of the one task that was written, or was there already."""
    return {MESSAGE_ID: str(made.id), CREATED: made.created}


def of_claim(claim: Claim) -> Attributes:
    """Of an attempt."""
    return {
        SYSTEM: "musterq",
        OPERATION_TYPE: PROCESS,
        OPERATION_NAME: PROCESS,
        DESTINATION: claim.type,
        MESSAGE_ID: str(claim.task_id),
        BODY_BYTES: len(claim.payload.encode()),
        CLIENT_ID: claim.worker_id,
        WORKER_ID: claim.worker_id,
        ATTEMPT: claim.attempts,
        MAX_ATTEMPTS: claim.max_attempts,
        PRIORITY: claim.priority,
    }


def ending(outcome: Outcome) -> str:
    """How an attempt ended, as far as that can be told without the database."""
    if outcome.crash is not None:
        return "crashed"
    if outcome.status is TaskStatus.SCHEDULED and is_last_attempt(outcome.claim):
        return "failed"
    return _BY_STATUS[outcome.status]


def of_outcome(outcome: Outcome) -> Attributes:
    """Of how it ended."""
    said = ending(outcome)
    attributes: dict[str, AttributeValue] = {OUTCOME: said}
    if said == "retried":
        attributes[RETRY_IN] = outcome.retry_in_seconds
    if said in ERRORS:
        attributes[ERROR_TYPE] = outcome.error_type or ("crashed" if said == "crashed" else _OTHER_ERROR)
    attributes.update(_of_crash(outcome))
    return attributes


def of_exception(outcome: Outcome) -> Attributes:
    """Of the exception that ended it, as its span event has it."""
    kind = outcome.error_type or _OTHER_ERROR
    message = (outcome.error or "").removeprefix(f"{kind.rpartition('.')[2]}: ")
    return {"exception.type": kind, "exception.message": message, "exception.stacktrace": outcome.traceback or ""}


def _of_crash(outcome: Outcome) -> Iterator[tuple[str, AttributeValue]]:
    if outcome.crash is None:
        return
    for name in ("signal", "exit_code", "peak_bytes"):
        value = getattr(outcome.crash, name)
        if value is not None:
            yield f"musterq.crash.{name}", value
