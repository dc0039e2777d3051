"""What runs in a child process: one task after the other, until its worker ends it or is gone."""

from __future__ import annotations

import ctypes
import inspect
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue
from random import Random
from typing import Any

import msgspec

from musterq.errors import QueueDatabaseError
from musterq.events import Events
from musterq.models import Claim, Outcome, TaskStatus
from musterq.queue.failures import error_text, error_type, traceback_text
from musterq.queue.parameters import Parameters
from musterq.queue.running import Runner
from musterq.queue.time_limits import AlarmLimits
from musterq.retry import delay_seconds
from musterq.storage import open_storage
from musterq.storage.base import Storage
from musterq.worker.child_messages import Begun, Job, Report, Setup
from musterq.worker.locating import Address, handler_at
from musterq.worker.memory import peak_bytes
from musterq.worker.task_log import LogFlusher, TaskLog

_TELL_WHEN_PARENT_DIES = 1  # PR_SET_PDEATHSIG
_WORKERS_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class LocatedHandler(msgspec.Struct, frozen=True, kw_only=True):
    """A handler that was found by its address."""

    function: Callable[..., Any]
    parameters: Parameters
    is_coroutine: bool
    max_result_bytes: int


def main(descriptor: int, parent_pid: int, shared: tuple[int, ...]) -> None:
    """Run what comes over the connection, in the main thread: there a time limit can interrupt it.

    ``shared`` stay open as long as this process lives: they tell that it does.
    """
    _die_with(parent_pid)
    _leave_signals_to_the_worker()
    connection: Connection[Any, Any] = Connection(descriptor)
    for inherited in (descriptor, *shared):
        os.set_inheritable(inherited, False)  # noqa: FBT003  # its one parameter
    os.register_at_fork(after_in_child=lambda: _become_somebody_else(connection, shared))
    orders = _listening(connection)
    setup: Setup = orders.get()
    sys.argv[:] = setup.arguments
    storage = open_storage(**setup.opening)
    log = TaskLog(storage, setup.worker_id, setup.task_log_level)
    child = Child(connection, storage, log, setup.prepare)
    with log.listening():
        LogFlusher(log, events=Events()).start()
        while (job := orders.get()) is not None:
            child.run(job)


class Child:
    """Runs tasks, and tells how they ended."""

    def __init__(
        self,
        connection: Connection[Any, Any],
        storage: Storage,
        log: TaskLog,
        prepare: Callable[[], object] | None,
    ) -> None:
        self._connection = connection
        self._storage = storage
        self._log = log
        self._prepare = prepare
        self._random = Random()  # noqa: S311  # it spreads retries
        self._limits = AlarmLimits()
        self._found: dict[Address, Callable[..., Any]] = {}

    def run(self, job: Job) -> None:
        """Run one task; the worker hears that it begins, and how it ended."""
        failing = "its handler cannot be found in a child process"
        try:
            handler = self._located(job)
            failing = "its child process cannot be prepared"
            self._prepare_once()
        except BaseException as error:  # noqa: BLE001  # the module is the user's, and may raise or exit
            outcome = self._not_run(job.claim, failing, error)
        else:
            self._connection.send(Begun())
            outcome = self._run(job, handler)
        self._connection.send(Report.of(outcome, peak_bytes()))

    def _run(self, job: Job, handler: LocatedHandler) -> Outcome:
        """Run the handler; what it has said is written before the worker finishes the task."""
        handlers = {job.claim.type: handler}
        runner = Runner(handlers, self._storage, self._random, limits=self._limits, may_exit=False)
        with job.surroundings or nullcontext():
            outcome = runner.run(job.claim)
        with suppress(QueueDatabaseError):  # which the worker meets, too, and tells of
            self._log.flush()
        return outcome

    def _located(self, job: Job) -> LocatedHandler:
        function = self._found.get(job.address)
        if function is None:
            function = self._found[job.address] = handler_at(job.address)
        return _handler(function, job)

    def _prepare_once(self) -> None:
        if self._prepare is not None:
            self._prepare()
            self._prepare = None

    def _not_run(self, claim: Claim, failing: str, error: BaseException) -> Outcome:
        said = f"the worker could not run it: {failing}: {error_text(error)}"
        return Outcome(
            claim=claim,
            status=TaskStatus.SCHEDULED,
            error=said,
            error_type=error_type(error),
            traceback=traceback_text(error, __file__),
            retry_in_seconds=delay_seconds(claim.retry, claim.attempts, self._random),
        )


def _handler(function: Callable[..., Any], job: Job) -> LocatedHandler:
    return LocatedHandler(
        function=function,
        parameters=Parameters(job.claim.type, function),
        is_coroutine=inspect.iscoroutinefunction(function),
        max_result_bytes=job.max_result_bytes,
    )


def _die_with(parent_pid: int) -> None:
    """Be killed when the thread that started this process ends, where the system can do that; see `_listening`, too."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_TELL_WHEN_PARENT_DIES, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it has died before that
        os._exit(0)


def _leave_signals_to_the_worker() -> None:
    """They reach all processes of a service. Not ignored, but handled: what a task starts would ignore them, too."""
    for number in _WORKERS_SIGNALS:
        signal.signal(number, lambda *_: None)


def _become_somebody_else(connection: Connection[Any, Any], shared: tuple[int, ...]) -> None:
    """A task has forked: what it started must neither speak for the task nor keep open what tells that it lives."""
    connection.close()
    for descriptor in shared:
        with suppress(OSError):  # the handler has closed it
            os.close(descriptor)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _listening(connection: Connection[Any, Any]) -> SimpleQueue[Any]:
    """What the worker says, received by a thread that ends this process when the worker is gone, whatever runs."""
    orders: SimpleQueue[Any] = SimpleQueue()

    def listen() -> None:
        try:
            while True:
                orders.put(connection.recv())
        except (EOFError, OSError):
            os._exit(0)

    threading.Thread(target=listen, name="musterq-listener", daemon=True).start()
    return orders
