"""Whoever is killed while a schedule ticks leaves both the next tick and the task, or neither."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from musterq.records import Schedule
from musterq.storage.sqlite.engine import SQLiteStorage
from tests.storage.sqlite.soundness import check_soundness

PROGRAM = Path(__file__).with_name("tick_program.py")
FIRST = datetime(2020, 1, 1, tzinfo=UTC)
ROUNDS = 8


def kill_at_random(path: str, pause: random.Random) -> None:
    """Two processes that tick the same schedule, and are killed within some hundredths of a second."""
    both = [subprocess.Popen([sys.executable, str(PROGRAM), path], stdout=subprocess.PIPE) for _ in range(2)]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ticking\n"
    for process in both:
        threading.Event().wait(pause.uniform(0, 0.03))
        process.kill()
        process.communicate()


def test_a_kill_leaves_both_or_none(tmp_path: Path) -> None:
    """After each of many, there is exactly one task for every tick that is past."""
    path = str(tmp_path / "queue.db")
    storage = SQLiteStorage(path)
    storage.save_schedule(
        Schedule(name="s", type="s", timing="every 1", timezone="UTC", catch_up="all", task="{}", next_at=FIRST)
    )
    pause = random.Random(6)
    for _ in range(ROUNDS):
        kill_at_random(path, pause)
        (schedule,) = storage.schedules()
        ticks = [json.loads(payload) for (payload,) in storage.execute("SELECT payload FROM task_queue ORDER BY id")]
        past = (schedule.next_at - FIRST) // timedelta(seconds=1)
        assert ticks == [(FIRST + timedelta(seconds=second)).isoformat() for second in range(past)]
    assert past > ROUNDS
    storage.close()
    check_soundness(path)
