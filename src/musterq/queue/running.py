"""Running one claimed task: what drain, immediate mode and the worker have in common."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping
from contextvars import Context, copy_context
from random import Random
from typing import Any

from msgspec.structs import replace

from musterq.checks import result_text
from musterq.errors import Cancel, PermanentError, QueueDatabaseError, Retry
from musterq.events import Events
from musterq.models import Claim, Outcome, TaskStatus
from musterq.queue.current import RunningTask, enter
from musterq.queue.failures import bounded, error_text, signal_text, traceback_text
from musterq.queue.tasks import TaskDefinition
from musterq.retry import delay_seconds
from musterq.storage.base import Storage

_EVENTS = {
    TaskStatus.COMPLETED: "task.completed",
    TaskStatus.FAILED: "task.failed",
    TaskStatus.SCHEDULED: "task.retried",
    TaskStatus.QUEUED: "task.released",
    TaskStatus.CANCELLED: "task.cancelled",
}


class Runner:
    """Calls handlers, and says how each attempt ended; what that does to the task is the storage's.

    Safe in threads. Each handler runs in a copy of the caller's context, so that what it sets there ends with it.
    """

    def __init__(self, definitions: Mapping[str, TaskDefinition[..., Any]], storage: Storage, random: Random) -> None:
        self._definitions = definitions
        self._storage = storage
        self._random = random

    def run(self, claim: Claim) -> Outcome:
        """Call the handler with the payload's names and values; every error of its own becomes an outcome.

        An interrupt or exit that reaches the main thread is the process's own (Ctrl-C, a signal handler): the
        claim is released, and it goes on. In another thread no signal arrives: there it is an error like others.
        """
        definition = self._definitions.get(claim.type)
        if definition is None:  # whoever has the handler may take it
            return Outcome(claim=claim, status=TaskStatus.QUEUED)
        if type(claim.arguments) is not dict or not definition.parameters.accept(claim.arguments):
            return _misfit(definition, claim)
        time = self._storage.clock.time
        started = time()
        try:
            result = copy_context().run(_call, definition, RunningTask(self._storage, claim), claim)
        except BaseException as error:  # noqa: BLE001 - told apart in there
            return replace(self._ended_by(error, claim), started_at=started, finished_at=time())
        return _returned(result, claim, definition.max_result_bytes, started, time())

    def _ended_by(self, error: BaseException, claim: Claim) -> Outcome:
        if isinstance(error, KeyboardInterrupt | SystemExit) and threading.current_thread() is threading.main_thread():
            self._storage.finish([Outcome(claim=claim, status=TaskStatus.QUEUED)])
            raise error
        if isinstance(error, Cancel):
            return Outcome(claim=claim, status=TaskStatus.CANCELLED, error=signal_text(error))
        trace = traceback_text(error, __file__)
        if isinstance(error, PermanentError):
            return Outcome(claim=claim, status=TaskStatus.FAILED, error=signal_text(error), traceback=trace)
        return Outcome(
            claim=claim,
            status=TaskStatus.SCHEDULED,
            error=signal_text(error) if isinstance(error, Retry) else error_text(error),
            traceback=trace,
            retry_in_seconds=self._delay(error, claim),
        )

    def _delay(self, error: BaseException, claim: Claim) -> float:
        if isinstance(error, Retry) and error.in_ is not None:
            return error.in_
        return delay_seconds(claim.retry, claim.attempts, self._random)


def _call(definition: TaskDefinition[..., Any], running: RunningTask, claim: Claim) -> Any:
    enter(running)
    if definition.is_coroutine:
        return _run_coroutine(definition.function(**claim.arguments), claim.timeout_seconds)
    return definition.function(**claim.arguments)


def _run_coroutine(coroutine: Coroutine[Any, Any, Any], timeout: float | None) -> Any:
    limited = _within(timeout, coroutine)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(limited)
    return _run_beside_the_loop(limited, copy_context())


async def _within(seconds: float | None, coroutine: Coroutine[Any, Any, Any]) -> Any:
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await coroutine
    except TimeoutError as error:
        if not limit.expired():
            raise  # one of the handler's own
        raise TimeoutError(f"not finished within its time limit of {seconds} s") from error


def _run_beside_the_loop(coroutine: Coroutine[Any, Any, Any], context: Context) -> Any:
    """One thread has one running loop, and this one's waits for us: the handler gets a thread of its own."""
    ended: list[Any] = []

    def run() -> None:
        try:
            ended.append((asyncio.run(coroutine), None))
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            ended.append((None, error))

    thread = threading.Thread(target=context.run, args=(run,), name="musterq-coroutine")
    thread.start()
    thread.join()
    result, error = ended[0]
    if error is not None:
        raise error
    return result


def _returned(result: Any, claim: Claim, max_bytes: int, started: float, finished: float) -> Outcome:
    status, text, said = TaskStatus.COMPLETED, None, None
    if result is not None:
        try:
            text = result_text(result, max_bytes)
        except (TypeError, ValueError) as error:
            status = TaskStatus.FAILED
            fault = "too large" if str(error).startswith("result takes ") else "not JSON"
            said = bounded(f"the handler's result is {fault}, and would be another time, too: {error}")
    return Outcome(claim=claim, status=status, result=text, error=said, started_at=started, finished_at=finished)


def _misfit(definition: TaskDefinition[..., Any], claim: Claim) -> Outcome:
    try:
        definition.parameters.check(claim.arguments)
    except TypeError as error:
        said = f"the payload does not fit the handler: {error}"
    return Outcome(claim=claim, status=TaskStatus.FAILED, error=bounded(said))


def tell(events: Events, outcome: Outcome, storage: Storage | None = None) -> None:
    """Emit what an attempt that was finished has come to: what its row says, where a storage to ask is given."""
    if not events:
        return
    claim = outcome.claim
    events.emit(
        _EVENTS[_status_after(outcome, storage)],
        task_id=claim.task_id,
        type=claim.type,
        worker_id=claim.worker_id,
        attempt=claim.attempts,
        error=outcome.error,
        started_at=outcome.started_at,
        finished_at=outcome.finished_at,
    )


def _status_after(outcome: Outcome, storage: Storage | None) -> TaskStatus:
    """Where the task went; a retry or release may have been the end of it, if nobody has taken it since."""
    if outcome.status not in (TaskStatus.SCHEDULED, TaskStatus.QUEUED):
        return outcome.status
    found = None if storage is None else _ended(storage, outcome.claim.task_id)
    if found is TaskStatus.CANCELLED:
        return found
    if outcome.status == TaskStatus.SCHEDULED and (found is TaskStatus.FAILED or _is_last(outcome.claim)):
        return TaskStatus.FAILED
    return outcome.status


def _ended(storage: Storage, task_id: int) -> TaskStatus | None:
    try:
        task = storage.get(task_id)
        return None if task is None else TaskStatus(task.status)
    except (QueueDatabaseError, ValueError, TypeError, KeyError):  # plain SQL may have spoiled the row
        return None


def _is_last(claim: Claim) -> bool:
    budget: object = claim.max_attempts  # plain SQL may have put in text, which no number of attempts reaches
    return isinstance(budget, int | float) and claim.attempts >= budget
