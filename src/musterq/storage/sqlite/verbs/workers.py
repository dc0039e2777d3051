"""Workers: they come, beat, are looked at, and go."""

from __future__ import annotations

from functools import partial

from musterq.models import Worker, WorkerActivity, WorkerFacts
from musterq.records import Pulse
from musterq.storage.sqlite import overview, rescuing, workers
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.liveness import FileLivenessLock
from musterq.storage.sqlite.reentry import defer, interrupts_another_call, verb
from musterq.storage.sqlite.times import Moment
from musterq.storage.sqlite.verbs.frame import Frame
from musterq.storage.sqlite.workers import WorkerAge


class WorkerVerbs(Frame):
    """The verbs of workers."""

    @verb
    def register(self, worker_id: str, capabilities: str, facts: WorkerFacts | None = None) -> None:
        library = ".".join(map(str, self._driver.version()))

        def register(connection: Connection) -> None:
            now = Moment(self.clock)
            # who brings facts holds the lock, so whoever held tasks under this id before is dead
            if facts is not None or self._has_died(connection, worker_id):
                rescuing.rescue_forerunner(connection, worker_id, now, self._liveness.begun(worker_id))
                workers.forget_process(connection, worker_id)
            workers.register(connection, worker_id, capabilities, facts, now, library=library)

        self._write(register)
        if facts is not None:
            self._liveness.forget_begun(worker_id)

    @verb
    def heartbeat(self, worker_id: str, pulse: Pulse | None = None) -> bool:
        return self._write(lambda connection: workers.heartbeat(connection, worker_id, pulse, Moment(self.clock)))

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
    def remove_worker(self, worker_id: str, *, left: str | None = None) -> bool:
        if not interrupts_another_call():
            return self._remove_worker(worker_id, left)
        there = self._sessions.read_committed(lambda connection: workers.worker(connection, worker_id)) is not None
        if there:
            defer(partial(self._remove_worker, worker_id, left))
        return there

    @verb
    def remove_stale(self, seconds: float) -> list[str]:
        if not self.stale_workers(seconds):
            return []  # looked before writing: who cleans up often takes no write lock
        removed: list[str] = self._write(
            lambda connection: rescuing.remove_stale(
                connection, seconds, self._is_dead, self._liveness.begun, Moment(self.clock)
            )
        )
        for worker_id in removed:
            self._liveness.discard(worker_id)
        return removed

    def liveness_lock(self, worker_id: str) -> FileLivenessLock:
        return self._liveness.take(worker_id)

    def _worker_ages(self) -> list[WorkerAge]:
        now = Moment(self.clock)
        return self._read(lambda connection: workers.worker_ages(connection, now))

    def _remove_worker(self, worker_id: str, left: str | None) -> bool:
        def remove(connection: Connection) -> bool:
            now = Moment(self.clock)
            there = rescuing.remove_worker(connection, worker_id, self._is_dead, self._liveness.begun, now)
            if there and left is not None:
                workers.note_departure(connection, worker_id, left, now)
            return there

        removed = self._write(remove)
        if removed:
            self._liveness.discard(worker_id)
        return removed
