"""The SQLite engine: every verb of the storage, each a piece of work on the right connection."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, TypeVar

from musterq.clock import Clock
from musterq.errors import QueueDatabaseError
from musterq.models import (
    Claim,
    ClaimRequest,
    Enqueued,
    NewTask,
    Outcome,
    QueueMetrics,
    Rescued,
    Task,
    TaskFilter,
    TaskStatus,
    Worker,
    WorkerActivity,
    WorkerFacts,
)
from musterq.storage.sqlite import claiming, enqueueing, finishing, overview, reading, rescuing, schema, workers
from musterq.storage.sqlite.connection import (
    Connection,
    Driver,
    StandardDriver,
    is_broken_text,
    tolerating_broken_text,
)
from musterq.storage.sqlite.lanes import Lanes
from musterq.storage.sqlite.liveness import FileLivenessLock, LivenessFolder
from musterq.storage.sqlite.place import check_place, is_new
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.reentry import defer, interrupts_another_call, verb
from musterq.storage.sqlite.sessions import Sessions, savepoint
from musterq.storage.sqlite.times import Moment
from musterq.storage.sqlite.waiting import HAS_EVENTS, LogWaiter
from musterq.storage.sqlite.workers import WorkerAge

T = TypeVar("T")
_OLDEST_SQLITE = (3, 35, 0)


class SQLiteStorage:
    """A queue in one SQLite file. The promises of each verb are those of `musterq.storage.base.Storage`."""

    def __init__(
        self,
        path: str,
        *,
        durability: str = "normal",
        busy_timeout: float = 30.0,
        clock: Clock | None = None,
        driver: Driver | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self._path = path
        self._file = os.path.realpath(path)  # what stands beside it must be the same by whatever link it is opened
        self._driver: Driver = driver or StandardDriver()
        _check_library(self._driver)
        self._sessions = Sessions(self._file, self._driver, durability=durability, busy_timeout=busy_timeout)
        self._lanes = Lanes()
        self._liveness = LivenessFolder(self._file)
        self._ready = False

    @property
    def location(self) -> str:
        """The path of the file."""
        return self._path

    @property
    def can_notify(self) -> bool:
        """Whether this system tells of writes to a file."""
        return HAS_EVENTS

    # -- the schema ------------------------------------------------------------------------------
    @verb
    def initialize_schema(self) -> None:
        state = self._schema_state()
        if state is schema.SchemaState.NEWER:
            schema.check_current(state, self._path)
        if state is not schema.SchemaState.CURRENT:
            self._sessions.change_schema(lambda connection: schema.upgrade(connection, self._path))
        self._ready = True

    @verb
    def ensure_schema(self) -> None:
        if self._ready:
            return
        state = self._schema_state()
        if state is schema.SchemaState.EMPTY:
            self._sessions.change_schema(lambda connection: schema.upgrade(connection, self._path))
        else:
            schema.check_current(state, self._path)
        self._ready = True

    def _schema_state(self) -> schema.SchemaState:
        check_place(self._path)
        if is_new(self._path):
            return schema.SchemaState.EMPTY
        return self._sessions.read(lambda connection: schema.state_of(connection, self._path))

    # -- tasks -----------------------------------------------------------------------------------
    @verb
    def enqueue(self, tasks: Sequence[NewTask], *, within: Any = None) -> list[Enqueued]:
        now = self.clock.text()
        if within is None:
            return self._write(lambda connection: enqueueing.enqueue(connection, tasks, self._lanes.id_of, now))
        self.ensure_schema()
        adopted = self._driver.adopt(within, self._path)
        with savepoint(adopted):
            return enqueueing.enqueue(adopted, tasks, self._lanes.id_of, now)

    @verb
    def get(self, task_id: int) -> Task | None:
        return self._read(lambda connection: reading.task(connection, task_id))

    @verb
    def find(self, which: TaskFilter) -> list[Task]:
        return self._read(lambda connection: reading.find(connection, which))

    @verb
    def cancel(self, task_id: int) -> bool:
        facts = {"id": task_id, "now": self.clock.text()}
        return self._write(
            lambda connection: (
                connection.run(query("cancel_waiting"), facts) == 1
                or connection.run(query("cancel_running"), facts) == 1
            )
        )

    @verb
    def retry(self, task_id: int, *, delay_seconds: float = 0.0) -> bool:
        again = self.clock.text(delay_seconds) if delay_seconds > 0 else None
        facts = {"id": task_id, "now": self.clock.text(), "again": again}
        return self._write(lambda connection: connection.run(query("retry"), facts) == 1)

    @verb
    def pause(self, type: str) -> None:
        facts = {"type": type, "now": self.clock.text()}
        self._write(lambda connection: connection.run(query("pause"), facts))

    @verb
    def resume(self, type: str) -> bool:
        return self._write(lambda connection: connection.run(query("resume"), {"type": type}) == 1)

    @verb
    def paused_types(self) -> list[str]:
        return self._read(lambda connection: [type for (type,) in connection.rows(query("paused_types"))])

    @verb
    def types(self) -> list[str]:
        return self._read(lambda connection: [type for (type,) in connection.rows(query("types"))])

    # -- attempts --------------------------------------------------------------------------------
    @verb
    def claim(self, request: ClaimRequest) -> list[Claim]:
        return self._exchange((), request)[1]

    @verb
    def finish(self, outcomes: Sequence[Outcome]) -> list[bool]:
        return self._exchange(outcomes, None)[0]

    @verb
    def exchange(
        self, outcomes: Sequence[Outcome], request: ClaimRequest | None, *, begun: Sequence[Claim] = ()
    ) -> tuple[list[bool], list[Claim]]:
        return self._exchange(outcomes, request, begun)

    @verb
    def extend(self, claim: Claim, seconds: float) -> bool:
        return self._write(lambda connection: finishing.extend(connection, claim, seconds, Moment(self.clock)))

    @verb
    def progress(self, claim: Claim, fraction: float, message: str | None) -> bool:
        facts = {"id": claim.task_id, "token": claim.claim_token, "now": self.clock.text()}
        shown = {"fraction": fraction, "message": message}
        return self._write(lambda connection: connection.run(query("progress"), {**facts, **shown}) == 1)

    @verb
    def log(self, claim: Claim, level: str, message: str, details: str | None = None) -> None:
        facts = {"id": claim.task_id, "token": claim.claim_token, "now": self.clock.text()}
        line = {"level": level, "message": message, "details": details}
        self._write(lambda connection: connection.run(query("log"), {**facts, **line}))

    @verb
    def cancel_requests(self, worker_id: str) -> list[tuple[int, int]]:
        return self._read(lambda connection: connection.rows(query("cancel_requests"), {"worker": worker_id}))

    # -- time ------------------------------------------------------------------------------------
    @verb
    def promote(self, limit: int) -> int:
        due = self.seconds_to_next_due()
        if due is None or due > 0:
            return 0  # looked before writing: an idle queue takes no write lock
        facts = {"now": self.clock.text(), "limit": limit}
        return self._write(lambda connection: connection.run(query("promote"), facts))

    @verb
    def rescue_expired(self) -> Rescued:
        now = Moment(self.clock)
        if not self._read(lambda connection: rescuing.has_something_to_rescue(connection, self._is_dead, now)):
            return Rescued()
        return self._write(
            lambda connection: rescuing.rescue_all(connection, self._is_dead, self._liveness.begun, Moment(self.clock))
        )

    @verb
    def seconds_to_next_due(self) -> float | None:
        now = Moment(self.clock)
        return self._read(lambda connection: reading.seconds_to_next_due(connection, now))

    # -- workers ---------------------------------------------------------------------------------
    @verb
    def register(self, worker_id: str, capabilities: str, facts: WorkerFacts | None = None) -> None:
        def register(connection: Connection) -> None:
            now = Moment(self.clock)
            workers.register(connection, worker_id, capabilities, facts, now)
            if facts is not None:  # it holds the lock, so whoever held tasks under this id before is dead
                begun = self._liveness.begun(worker_id)
                rescuing.rescue_worker(connection, worker_id, "its worker died", now, begun)

        self._write(register)
        if facts is not None:
            self._liveness.forget_begun(worker_id)

    @verb
    def heartbeat(self, worker_id: str) -> bool:
        return self._write(lambda connection: workers.heartbeat(connection, worker_id, Moment(self.clock)))

    @verb
    def set_worker_state(self, worker_id: str, state: str) -> None:
        facts = {"worker": worker_id, "state": state}
        self._write(lambda connection: connection.run(query("worker_state"), facts))

    @verb
    def worker(self, worker_id: str) -> Worker | None:
        return self._read(lambda connection: workers.worker(connection, worker_id))

    @verb
    def workers(self) -> list[Worker]:
        return [worker.as_worker() for worker in self._worker_ages()]

    @verb
    def active_workers(self, seconds: float) -> list[Worker]:
        beating = [
            worker for worker in self._worker_ages() if worker.age_seconds <= seconds and not self._is_dead(worker)
        ]
        return [worker.as_worker() for worker in sorted(beating, key=lambda worker: worker.age_seconds)]

    @verb
    def stale_workers(self, seconds: float) -> list[Worker]:
        silent = [worker for worker in self._worker_ages() if worker.age_seconds > seconds]
        return [worker.as_worker() for worker in sorted(silent, key=lambda worker: -worker.age_seconds)]

    @verb
    def worker_activity(self) -> list[WorkerActivity]:
        now = Moment(self.clock)
        return self._read(lambda connection: overview.activity(connection, self._is_dead, now))

    @verb
    def remove_worker(self, worker_id: str) -> bool:
        if not interrupts_another_call():
            return self._remove_worker(worker_id)
        there = self._sessions.read_committed(lambda connection: workers.worker(connection, worker_id)) is not None
        if there:
            defer(partial(self._remove_worker, worker_id))
        return there

    def liveness_lock(self, worker_id: str) -> FileLivenessLock:
        return self._liveness.take(worker_id)

    # -- reading the whole -----------------------------------------------------------------------
    @verb
    def metrics(self) -> QueueMetrics:
        now = Moment(self.clock)
        return self._read(lambda connection: overview.metrics(connection, self._is_dead, now))

    @verb
    def task_counts(self) -> dict[tuple[str, TaskStatus], int]:
        counts = self._read(reading.task_counts)
        known = set(TaskStatus)
        return {(type, TaskStatus(status)): n for (type, status), n in counts.items() if status in known}

    def waiter(self) -> LogWaiter:
        self.ensure_schema()
        self._write(lambda _connection: None)  # the writer opens the log, which a new file does not have yet,
        self.task_counts()  # and a reader that stays open keeps it in place
        return LogWaiter(f"{self._file}-wal")

    # -- plain SQL -------------------------------------------------------------------------------
    @verb
    def execute(self, sql: str, parameters: Any = ()) -> Any:
        own = self._sessions.own()
        cursor = self._sessions.in_turn(own, lambda: _cursor(own, sql, parameters))
        if cursor.description is None and not own.in_transaction:
            self._sessions.look_after_log(own)
        return cursor

    @verb
    def execute_many(self, sql: str, rows: Iterable[Any]) -> Any:
        with self._sessions.transaction() as raw:
            return raw.executemany(sql, rows)

    def transaction(self) -> AbstractContextManager[Any]:
        return self._sessions.transaction()

    def connection(self) -> Any:
        return self._sessions.own().raw

    @verb
    def close(self) -> None:
        self._sessions.close()

    # -- steps -----------------------------------------------------------------------------------
    def _write(self, work: Callable[[Connection], T]) -> T:
        if not self._ready:
            self.ensure_schema()
        try:
            return self._sessions.write(work)
        except QueueDatabaseError as error:
            if not is_broken_text(error):
                raise
            return self._sessions.write(tolerating_broken_text(work))

    def _read(self, work: Callable[[Connection], T]) -> T:
        if not self._ready:
            self.ensure_schema()
        try:
            return self._sessions.read(work)
        except QueueDatabaseError as error:
            if not is_broken_text(error):
                raise
            return self._sessions.read(tolerating_broken_text(work))

    def _exchange(
        self, outcomes: Sequence[Outcome], request: ClaimRequest | None, begun: Sequence[Claim] = ()
    ) -> tuple[list[bool], list[Claim]]:
        def finish_and_claim(connection: Connection) -> tuple[list[bool], claiming.Taken]:
            now = Moment(self.clock)  # in here, after any wait for the write lock
            finishing.note_begun(connection, begun, now)
            held = [finishing.finish(connection, outcome, now) for outcome in outcomes]
            return held, self._claim(connection, request, now)

        held, taken = self._write(finish_and_claim)
        try:
            while taken.more and not taken.claims:
                taken = self._write(lambda connection: self._claim(connection, request, Moment(self.clock)))
        except QueueDatabaseError:
            if not outcomes:
                raise  # else they are written, and the caller must hear so: the next claim meets the fault
        return held, taken.claims

    def _claim(self, connection: Connection, request: ClaimRequest | None, now: Moment) -> claiming.Taken:
        if request is None:
            return claiming.Taken([])
        return claiming.claim(connection, request, self._lanes, now)

    def _worker_ages(self) -> list[WorkerAge]:
        now = Moment(self.clock)
        return self._read(lambda connection: workers.worker_ages(connection, now))

    def _is_dead(self, worker: WorkerAge) -> bool:
        return worker.has_lock and self._liveness.is_free(worker.worker_id)

    def _remove_worker(self, worker_id: str) -> bool:
        removed = self._write(
            lambda connection: rescuing.remove_worker(
                connection, worker_id, self._is_dead, self._liveness.begun, Moment(self.clock)
            )
        )
        if removed:
            self._liveness.discard(worker_id)
        return removed


def _cursor(own: Connection, sql: str, parameters: Any) -> Any:
    with own.guarded():
        return own.raw.execute(sql, parameters)


def _check_library(driver: Driver) -> None:
    if driver.version() < _OLDEST_SQLITE:
        found = ".".join(map(str, driver.version()))
        raise QueueDatabaseError(
            f"musterq needs SQLite 3.35 or newer, and this Python has {found}; "
            "use a Python of python.org, uv or conda, or of a distribution from 2022 on"
        )
