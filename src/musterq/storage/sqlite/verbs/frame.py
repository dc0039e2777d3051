"""What all verbs stand on: the connections of one file, and its tables, made or checked before the first use."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

from musterq.clock import Clock
from musterq.errors import QueueDatabaseError
from musterq.storage.sqlite import schema
from musterq.storage.sqlite.connection import Connection, Driver, StandardDriver, is_broken_text, tolerating_broken_text
from musterq.storage.sqlite.lanes import Lanes
from musterq.storage.sqlite.liveness import LivenessFolder
from musterq.storage.sqlite.place import check_place, is_new
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.reentry import verb
from musterq.storage.sqlite.roster import Decisions
from musterq.storage.sqlite.sessions import Sessions, savepoint
from musterq.storage.sqlite.workers import WorkerAge

T = TypeVar("T")
_OLDEST_SQLITE = (3, 35, 0)


class Frame:
    """Runs pieces of work on the right connection."""

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
        self._opening = {"location": path, "durability": durability, "busy_timeout": busy_timeout}
        self._file = os.path.realpath(path)  # what stands beside it must be the same by whatever link it is opened
        self._driver: Driver = driver or StandardDriver()
        _check_library(self._driver)
        self._sessions = Sessions(self._file, self._driver, durability=durability, busy_timeout=busy_timeout)
        self._lanes = Lanes()
        self._decisions = Decisions()
        self._liveness = LivenessFolder(self._file)
        self._ready = False
        self._folded_minute = ""  # in which nothing was left to bring into the history
        self._history_fault: str | None = None  # met meanwhile, and not told yet

    @property
    def location(self) -> str:
        """The path of the file."""
        return self._path

    @property
    def opening(self) -> dict[str, Any]:
        return self._opening

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

    @verb
    def close(self) -> None:
        self._sessions.close()

    def _schema_state(self) -> schema.SchemaState:
        check_place(self._path)
        if is_new(self._path):
            return schema.SchemaState.EMPTY
        return self._sessions.read(lambda connection: schema.state_of(connection, self._path))

    def _write(self, work: Callable[[Connection], T]) -> T:
        if not self._ready:
            self.ensure_schema()
        try:
            return self._sessions.write(work)
        except QueueDatabaseError as error:
            if not is_broken_text(error):
                raise
            return self._sessions.write(tolerating_broken_text(work))

    def _write_within(self, within: Any, work: Callable[[Connection], T]) -> T:
        """Write in a caller's own transaction, undone alone if it fails; ``within`` None: in one of ours."""
        if within is None:
            return self._write(work)
        self.ensure_schema()
        adopted = self._driver.adopt(within, self._path)
        with savepoint(adopted):
            return work(adopted)

    def _read(self, work: Callable[[Connection], T]) -> T:
        if not self._ready:
            self.ensure_schema()
        try:
            return self._sessions.read(work)
        except QueueDatabaseError as error:
            if not is_broken_text(error):
                raise
            return self._sessions.read(tolerating_broken_text(work))

    def _is_dead(self, worker: WorkerAge) -> bool:
        if not worker.has_lock:
            return False
        return worker.lost_at_utc is not None or self._liveness.is_free(worker.worker_id)

    def _has_died(self, connection: Connection, worker_id: str) -> bool:
        """Whether the process that registered this id is dead, asked by id alone."""
        known = connection.row(query("worker_lock"), {"worker": worker_id})
        if known is None or not known[0]:
            return False
        return bool(known[1]) or self._liveness.is_free(worker_id)


def _check_library(driver: Driver) -> None:
    if driver.version() < _OLDEST_SQLITE:
        found = ".".join(map(str, driver.version()))
        raise QueueDatabaseError(
            f"musterq needs SQLite 3.35 or newer, and this Python has {found}; "
            "use a Python of python.org, uv or conda, or of a distribution from 2022 on"
        )
