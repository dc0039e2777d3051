"""Five hundred workers register at once, and die at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.crash.arena import Arena
from tests.worker.waiting import LIMIT, until

PROCESSES, WORKERS = 5, 100
CROWD = Path(__file__).with_name("crowd_program.py")


def test_five_hundred_workers_come_and_die(arena: Arena) -> None:
    """All are listed; all are known to be dead within seconds of the one moment in which they died."""
    crowd = [
        subprocess.Popen([sys.executable, str(CROWD), str(arena.path), str(number), str(WORKERS)])
        for number in range(PROCESSES)
    ]
    try:
        until(lambda: len(arena.monitoring.get_active_workers()) == PROCESSES * WORKERS)
        arena.start("survivor")
    finally:
        for process in crowd:
            process.send_signal(signal.SIGKILL)
            process.wait(LIMIT)
    arena.enqueue("quick", times=10)
    arena.drain()
    until(lambda: [worker.worker_id for worker in arena.monitoring.get_active_workers()] == ["survivor"])
    states = {worker["worker_id"]: worker["status"] for worker in arena.monitoring.get_worker_activity()}
    assert sum(state == "lost" for state in states.values()) == PROCESSES * WORKERS
    arena.check()
