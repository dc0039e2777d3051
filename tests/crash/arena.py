"""A queue in a real file, worker processes on it that are really killed, and what must hold afterwards."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter, defaultdict
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
        """Nothing that was acknowledged is lost, nothing finished twice; ledger, totals, counters and file agree."""
        self._nothing_is_lost(failed or [])
        self._nothing_finished_twice()
        self._the_ledger_agrees()
        self._the_totals_are_true()
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

    def _the_totals_are_true(self) -> None:
        """They are what rows and ledger show, where these show all, else as near to the handlers' notes as can be."""
        rows = self._by_type("SELECT type, status, count(*) FROM task_queue GROUP BY type, status")
        taken = self._by_type("SELECT type, event, count(*) FROM rescue_ledger GROUP BY type, event")
        crashes = dict(self._rows("SELECT type, sum(crashes) FROM task_queue GROUP BY type"))
        pruned = dict(self._rows("SELECT type, sum(n) FROM pruned_totals GROUP BY type"))
        noted = Counter(tuple(line.split()) for line in self._notes())
        for type, told in self.monitoring.get_totals().items():
            assert told["enqueued"] == sum(rows[type].values()) + pruned.get(type, 0), type
            assert told["failed"] == rows[type]["failed"], type
            assert told["rescued"] == taken[type]["rescued"], type
            assert told["refused"] == taken[type]["refused"], type
            assert told["crashed"] == crashes.get(type, 0), type
            self._starts_are_true(type, Counter(told), noted)

    def _starts_are_true(self, type: str, told: Counter[str], noted: Counter[tuple[str, ...]]) -> None:
        """Each start has one end, but where a worker was lost before it had really begun."""
        ended = sum(told[what] for what in ("completed", "failed", "retried", "released", "crashed"))
        ended -= self._lost_for_good(type)  # each counted as crashed and as failed
        assert ended <= told["started"] <= ended + told["rescued"] - told["crashed"], type
        lost = told["rescued"] + told["refused"]  # handlers that came to an end of which nobody could know
        assert noted[type, "done"] - lost <= told["completed"] <= noted[type, "done"] + self._by_hand(type), type
        assert noted[type, "raised"] - lost <= told["failed"] + told["retried"], type
        assert noted[type, "begun"] - lost <= told["started"], type

    def _lost_for_good(self, type: str) -> int:
        """How many tasks of a type have failed by a crash."""
        lost = (
            "SELECT count(*) FROM task_queue WHERE status = 'failed' AND error_message GLOB 'worker lost*' AND type = ?"
        )
        ((n,),) = self._rows(lost, type)
        return int(n)

    def _by_hand(self, type: str) -> int:
        """How many tasks of a type the test itself has completed."""
        rows = self._rows("SELECT locked_by FROM task_queue WHERE status = 'completed' AND type = ?", type)
        return sum(worker not in self.processes for (worker,) in rows)

    def _by_type(self, sql: str) -> dict[str, Counter[str]]:
        counted: dict[str, Counter[str]] = defaultdict(Counter)
        for type, what, n in self._rows(sql):
            counted[type][what] = n
        return counted

    def _notes(self) -> list[str]:
        notes = self.folder / "notes"
        return notes.read_text(encoding="ascii").splitlines() if notes.exists() else []

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.queue.database.execute(sql, values).fetchall()]
