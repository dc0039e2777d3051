"""Running one claimed task: what drain, immediate mode and the worker have in common."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextlib import nullcontext
from contextvars import Context, copy_context
from random import Random
from typing import Any, Protocol

from msgspec.structs import asdict, replace

from musterq.checks import result_text
from musterq.errors import Cancel, PermanentError, QueueDatabaseError, Retry, TaskLost, TaskTimeout
from musterq.events import Events
from musterq.models import Claim, Outcome, TaskStatus
from musterq.queue import time_limits
from musterq.queue.current import NO_NOTICES, Notices, RunningTask, enter
from musterq.queue.failures import bounded, error_text, error_type, signal_text, traceback_text
from musterq.queue.parameters import Parameters
from musterq.queue.time_limits import TimeLimits, timeout_words
from musterq.retry import delay_seconds
from musterq.storage.base import Storage

_EVENTS = {
    TaskStatus.COMPLETED: "task.completed",
    TaskStatus.FAILED: "task.failed",
    TaskStatus.SCHEDULED: "task.retried",
    TaskStatus.QUEUED: "task.released",
    TaskStatus.CANCELLED: "task.cancelled",
}


class Handler(Protocol):
    """What is run: a `TaskDefinition`, or what a child process has of one."""

    @property
    def function(self) -> Callable[..., Any]:
        """What is called."""

    @property
    def parameters(self) -> Parameters:
        """What it can be called with."""

    @property
    def is_coroutine(self) -> bool:
        """Whether calling it gives a coroutine."""

    @property
    def max_result_bytes(self) -> int:
        """The longest result, as JSON text in bytes."""


class Runner:
    """Calls handlers, and says how each attempt ended; what that does to the task is the storage's.

    Safe in threads. Each handler runs in a copy of the caller's context, so that what it sets there ends with it.
    A worker gives ``limits`` and ``notices``; without them, plain functions run beyond their time limits.
    With ``may_exit`` False an exit is an error of the handler's in the main thread, too. ``events`` has the tracer.
    """

    def __init__(
        self,
        definitions: Mapping[str, Handler],
        storage: Storage,
        random: Random,
        *,
        limits: TimeLimits | None = None,
        notices: Notices = NO_NOTICES,
        may_exit: bool = True,
        events: Events | None = None,
    ) -> None:
        self._definitions = definitions
        self._storage = storage
        self._random = random
        self._limits = limits
        self._notices = notices
        self._may_exit = may_exit
        self._events = Events() if events is None else events

    def run(self, claim: Claim) -> Outcome:
        """Call the handler with the payload's names and values; every error of its own becomes an outcome.

        An interrupt or exit that reaches the main thread is the process's own (Ctrl-C, a signal handler): the
        claim is released, and it goes on. In another thread no signal arrives: there it is an error like others.
        """
        tracer = self._events.tracer
        if tracer is None:
            return self._run(claim)
        with tracer.attempt(claim) as attempt:
            outcome = self._run(claim)
            attempt.ended(outcome)
        return outcome

    async def run_async(self, claim: Claim) -> Outcome:
        """The same on a running event loop, for a handler that is a coroutine, in a task of its own."""
        tracer = self._events.tracer
        if tracer is None:
            return await self._run_async(claim)
        with tracer.attempt(claim) as attempt:
            outcome = await self._run_async(claim)
            attempt.ended(outcome)
        return outcome

    def _run(self, claim: Claim) -> Outcome:
        handler = self._handler_of(claim)
        if isinstance(handler, Outcome):
            return handler
        started = self._storage.clock.time()
        try:
            result = copy_context().run(self._call, handler, claim)
        except BaseException as error:  # noqa: BLE001 - told apart in there
            return self._raised(error, claim, started)
        return self._returned(result, claim, handler, started)

    async def _run_async(self, claim: Claim) -> Outcome:
        handler = self._handler_of(claim)
        if isinstance(handler, Outcome):
            return handler
        started = self._storage.clock.time()
        try:
            result = await self._awaited(handler, claim)
        except BaseException as error:  # noqa: BLE001 - told apart in there
            return self._raised(error, claim, started)
        return self._returned(result, claim, handler, started)

    def _handler_of(self, claim: Claim) -> Handler | Outcome:
        handler = self._definitions.get(claim.type)
        if handler is None:  # whoever has the handler may take it
            return Outcome(claim=claim, status=TaskStatus.QUEUED)
        if type(claim.arguments) is not dict or not handler.parameters.accept(claim.arguments):
            return _misfit(handler, claim)
        return handler

    def _call(self, handler: Handler, claim: Claim) -> Any:
        enter(RunningTask(self._storage, claim, self._notices))
        if handler.is_coroutine:
            with nullcontext() if self._limits is None else self._limits.noted(claim):
                return _run_coroutine(handler.function(**claim.arguments), claim.timeout_seconds)
        if self._limits is None or claim.timeout_seconds is None:
            return handler.function(**claim.arguments)
        return self._limits.run(claim, lambda: handler.function(**claim.arguments))

    async def _awaited(self, handler: Handler, claim: Claim) -> Any:
        enter(RunningTask(self._storage, claim, self._notices))
        coroutine = handler.function(**claim.arguments)
        if self._limits is None or claim.timeout_seconds is None:
            return await coroutine
        with self._limits.noted(claim):
            return await _within(claim.timeout_seconds, coroutine)

    def _raised(self, error: BaseException, claim: Claim, started: float) -> Outcome:
        if isinstance(error, asyncio.CancelledError):
            if claim.claim_token in self._notices.given_back:
                return Outcome(claim=claim, status=TaskStatus.QUEUED)
            error = self._why_cancelled(claim, error)
        return replace(self._ended_by(error, claim), started_at=started, finished_at=self._storage.clock.time())

    def _why_cancelled(self, claim: Claim, error: asyncio.CancelledError) -> BaseException:
        """Who ended a coroutine: the worker, or the handler itself."""
        if claim.claim_token in self._notices.lost:
            return TaskLost("it was taken back from this worker").with_traceback(error.__traceback__)
        if claim.claim_token in self._notices.cancelled:
            return Cancel("cancelled on request")
        return error

    def _ended_by(self, error: BaseException, claim: Claim) -> Outcome:
        if isinstance(error, KeyboardInterrupt | SystemExit) and self._is_the_end():
            self._storage.finish([Outcome(claim=claim, status=TaskStatus.QUEUED)])
            raise error
        if isinstance(error, Cancel):
            return Outcome(claim=claim, status=TaskStatus.CANCELLED, error=signal_text(error))
        trace = traceback_text(error, __file__, time_limits.__file__)
        if isinstance(error, PermanentError):
            return Outcome(
                claim=claim,
                status=TaskStatus.FAILED,
                error=signal_text(error),
                error_type=error_type(error),
                traceback=trace,
            )
        return Outcome(
            claim=claim,
            status=TaskStatus.SCHEDULED,
            error=signal_text(error) if isinstance(error, Retry) else error_text(error),
            error_type=error_type(error),
            traceback=trace,
            retry_in_seconds=self._delay(error, claim),
        )

    def _is_the_end(self) -> bool:
        return self._may_exit and threading.current_thread() is threading.main_thread()

    def _returned(self, result: Any, claim: Claim, handler: Handler, started: float) -> Outcome:
        finished = self._storage.clock.time()
        status, text, said, kind = TaskStatus.COMPLETED, None, None, None
        if result is not None:
            try:
                text = result_text(result, handler.max_result_bytes)
            except (TypeError, ValueError) as error:
                status, kind = TaskStatus.FAILED, error_type(error)
                fault = "too large" if str(error).startswith("result takes ") else "not JSON"
                said = bounded(f"the handler's result is {fault}, and would be another time, too: {error}")
        return Outcome(
            claim=claim,
            status=status,
            result=text,
            error=said,
            error_type=kind,
            started_at=started,
            finished_at=finished,
        )

    def _delay(self, error: BaseException, claim: Claim) -> float:
        if isinstance(error, Retry) and error.in_ is not None:
            return error.in_
        return delay_seconds(claim.retry, claim.attempts, self._random)


def _run_coroutine(coroutine: Coroutine[Any, Any, Any], timeout: float | None) -> Any:
    limited = coroutine if timeout is None else _within(timeout, coroutine)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(limited)
    return _run_beside_the_loop(limited, copy_context())


async def _within(seconds: float, coroutine: Coroutine[Any, Any, Any]) -> Any:
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await coroutine
    except TimeoutError as error:
        if not limit.expired():
            raise  # one of the handler's own
        raise TaskTimeout(timeout_words(seconds)) from error


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


def _misfit(handler: Handler, claim: Claim) -> Outcome:
    try:
        handler.parameters.check(claim.arguments)
    except TypeError as error:
        said = f"the payload does not fit the handler: {error}"
    return Outcome(claim=claim, status=TaskStatus.FAILED, error=bounded(said), error_type="TypeError")


def tell(events: Events, outcome: Outcome, storage: Storage | None = None) -> None:
    """Emit what an attempt that was finished has come to: what its row says, where a storage to ask is given."""
    if not events:
        return
    claim = outcome.claim
    facts: dict[str, object] = {
        "task_id": claim.task_id,
        "type": claim.type,
        "worker_id": claim.worker_id,
        "attempt": claim.attempts,
        "error": outcome.error,
        "error_type": outcome.error_type,
        "traceback": outcome.traceback,
        "started_at": outcome.started_at,
        "finished_at": outcome.finished_at,
    }
    if outcome.crash is None:
        events.emit(_EVENTS[_status_after(outcome, storage)], **facts)
    else:
        events.emit("task.crashed", **facts, **asdict(outcome.crash), status=_status_after(outcome, storage))


def _status_after(outcome: Outcome, storage: Storage | None) -> TaskStatus:
    """Where the task went; a retry or release may have been the end of it, if nobody has taken it since."""
    if outcome.status not in (TaskStatus.SCHEDULED, TaskStatus.QUEUED) and outcome.crash is None:
        return outcome.status
    found = None if storage is None else _ended(storage, outcome.claim.task_id)
    if found is TaskStatus.CANCELLED:
        return found
    if outcome.crash is not None:
        return TaskStatus.FAILED if found is TaskStatus.FAILED else TaskStatus.QUEUED
    if outcome.status == TaskStatus.SCHEDULED and (found is TaskStatus.FAILED or is_last_attempt(outcome.claim)):
        return TaskStatus.FAILED
    return outcome.status


def _ended(storage: Storage, task_id: int) -> TaskStatus | None:
    try:
        task = storage.get(task_id)
        return None if task is None else TaskStatus(task.status)
    except (QueueDatabaseError, ValueError, TypeError, KeyError):  # plain SQL may have spoiled the row
        return None


def is_last_attempt(claim: Claim) -> bool:
    """Whether its budget of attempts is used up with this one."""
    budget: object = claim.max_attempts  # plain SQL may have put in text, which no number of attempts reaches
    return isinstance(budget, int | float) and claim.attempts >= budget
