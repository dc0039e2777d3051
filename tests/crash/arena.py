"""A queue in a real file, worker processes on it that are really killed, and what must hold afterwards."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from musterq import QueueDatabase, QueueMonitoring, TaskQueue
from tests.storage.sqlite.soundness import check_soundness
from tests.worker.waiting import LIMIT, until

PROGRAM = Path(__file__).with_name("program.py")

#: Every completion is noted by a trigger of ours, whoever wrote it.
FINISHES = """
CREATE TABLE finishes (task_id INTEGER NOT NULL);
CREATE TRIGGER every_finish AFTER UPDATE OF status ON task_queue
WHEN NEW.status = 'completed' AND OLD.status IS NOT 'completed'
BEGIN
    INSERT INTO finishes (task_id) VALUES (NEW.id);
END;
"""


class Arena:
    """The queue, its worker processes, and the tasks that were acknowledged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "queue.db"
        self.queue = TaskQueue(QueueDatabase(self.path))
        self.queue.database.initialize_schema()
        with sqlite3.connect(self.path, timeout=30) as plain:
            plain.executescript(FINISHES)
        plain.close()
        self.monitoring = QueueMonitoring(self.queue.database)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.acknowledged: list[int] = []

    def enqueue(self, type: str, payload: dict[str, Any] | None = None, *, times: int = 1, **options: Any) -> list[int]:
        """Tasks that must never be lost from here on."""
        items = [{"type": type, "payload": payload or {}, **options}] * times
        ids = [handle.id for handle in self.queue.enqueue_many(items)]
        self.acknowledged += ids
        return ids

    def start(self, worker_id: str, *steps: str, ready: bool = True, **options: Any) -> subprocess.Popen[bytes]:
        """A worker process; ``ready``: return when it is registered and has begun to claim."""
        given = [f"{name}={value}" for name, value in options.items()]
        process = subprocess.Popen([sys.executable, str(PROGRAM), str(self.path), worker_id, *steps, *given])
        self.processes[worker_id] = process
        if ready:
            until(lambda: self.state(worker_id) not in (None, "starting", "lost") or process.poll() is not None)
            assert process.poll() is None, f"{worker_id} ended at once"
        return process

    def state(self, worker_id: str) -> str | None:
        """What a worker is said to do."""
        activity = {worker["worker_id"]: worker["status"] for worker in self.monitoring.get_worker_activity()}
        return activity.get(worker_id)

    def wait_until_begun(self, ids: list[int]) -> None:
        """Until the handlers of all these run (of those that tell so)."""
        begun = f"SELECT count(*) FROM task_queue WHERE progress > 0 AND id IN ({','.join(map(str, ids))})"
        until(lambda: self.queue.database.execute(begun).fetchone()[0] == len(ids))

    def kill(self, worker_id: str) -> None:
        """As the kernel does when memory is short."""
        process = self.processes[worker_id]
        process.send_signal(signal.SIGKILL)
        assert process.wait(LIMIT) == -signal.SIGKILL

    def must_die(self, worker_id: str) -> None:
        """Wait for the end that it gives itself."""
        assert self.processes[worker_id].wait(LIMIT) == -signal.SIGKILL

    def finished(self, ids: list[int] | None = None) -> bool:
        """Whether all of these (all that were acknowledged) are at their end."""
        wanted = self.acknowledged if ids is None else ids
        statuses = self.statuses(wanted)
        return all(status in ("completed", "failed", "cancelled") for status in statuses.values())

    def statuses(self, ids: list[int]) -> dict[int, str]:
        """The statuses of tasks that are there."""
        marks = ",".join("?" * len(ids))
        rows = self.queue.database.execute(f"SELECT id, status FROM task_queue WHERE id IN ({marks})", ids)
        return {row[0]: row[1] for row in rows.fetchall()}

    def drain(self, limit: float = LIMIT) -> None:
        """Wait until the workers have done all that was acknowledged."""
        until(self.finished, limit)

    def close(self) -> None:
        """End what still runs, and what it left behind."""
        for process in self.processes.values():
            process.kill()
            process.send_signal(signal.SIGCONT)
            process.wait(LIMIT)
        orphan = self.folder / "orphan"
        if orphan.exists():
            os.kill(int(orphan.read_text(encoding="ascii")), signal.SIGKILL)
        self.queue.database.close()

    # -- what must hold ----------------------------------------------------------------------------
    def check(self, *, failed: list[int] | None = None) -> None:
        """Nothing that was acknowledged is lost, nothing finished twice, ledger, counters and file agree."""
        self._nothing_is_lost(failed or [])
        self._nothing_finished_twice()
        self._the_ledger_agrees()
        check_soundness(str(self.path))

    def _nothing_is_lost(self, failed: list[int]) -> None:
        expected = {task_id: "failed" if task_id in failed else "completed" for task_id in self.acknowledged}
        assert self.statuses(self.acknowledged) == expected

    def _nothing_finished_twice(self) -> None:
        twice = self._rows("SELECT task_id, count(*) FROM finishes GROUP BY task_id HAVING count(*) > 1")
        assert twice == []

    def _the_ledger_agrees(self) -> None:
        counted = self._rows("SELECT event, reason, count(*) FROM rescue_ledger GROUP BY event, reason ORDER BY 1, 2")
        kept = self._rows("SELECT event, reason, n FROM ledger_totals WHERE n <> 0 ORDER BY 1, 2")
        assert counted == kept
        crashes = self._rows("SELECT id, crashes FROM task_queue WHERE crashes > 0 ORDER BY id")
        charged = self._rows(
            "SELECT task_id, count(*) FROM rescue_ledger JOIN task_queue ON id = task_id "
            "WHERE event = 'rescued' AND lost_seconds IS NOT NULL AND crashes > 0 GROUP BY task_id ORDER BY task_id"
        )
        assert crashes == charged

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.queue.database.execute(sql).fetchall()]
