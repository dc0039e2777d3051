"""Workers are killed and frozen at random, again and again, while tasks of every kind go through."""

from __future__ import annotations

import random
import signal
import subprocess
import threading
import time

from tests.crash.arena import Arena

SECONDS = 10.0
FREEZES = 0.25  # of the blows
FROZEN_SECONDS = 1.5
KINDS = [
    ("quick", {}),
    ("work", {"seconds": 0.01}),
    ("work", {"seconds": 0.1}),
    ("fail_once", {}),
]


def storm(arena: Arena, seconds: float, seed: int) -> int:
    """Put in, kill, freeze past the lease, and start again until the time is over; returns the number of kills."""
    chance = random.Random(seed)
    names = [f"w{number}" for number in range(3)]
    for name in names:
        start(arena, name)
    kills, thaws, end = 0, list[threading.Timer](), time.monotonic() + seconds
    while time.monotonic() < end:
        type, payload = chance.choice(KINDS)
        options = {"max_crashes": 1000, "retry": {"initial_seconds": 0.05}, "delay": chance.choice([0, 0, 0.1])}
        arena.enqueue(type, payload, times=chance.randint(1, 40), **options)
        time.sleep(chance.uniform(0.05, 0.4))  # not to wait for anything: the moment of the next blow is random
        name = chance.choice(names)
        if chance.random() < FREEZES:
            thaws.append(freeze(arena.processes[name]))
            continue
        arena.kill(name)
        start(arena, name)
        kills += 1
    for thaw in thaws:
        thaw.join()
    return kills


def freeze(process: subprocess.Popen[bytes]) -> threading.Timer:
    """Stop a process past its lease, by a clock of its own: it may hold the write lock, which we would wait for."""
    process.send_signal(signal.SIGSTOP)
    thaw = threading.Timer(FROZEN_SECONDS, process.send_signal, [signal.SIGCONT])
    thaw.start()
    return thaw


def start(arena: Arena, name: str) -> None:
    arena.start(name, ready=False, concurrency=4, lease_seconds=1.0, heartbeat_seconds=0.3)


def test_random_kills_lose_nothing(arena: Arena) -> None:
    """Every task is completed once, however often its workers died or were frozen."""
    kills = storm(arena, SECONDS, seed=int(time.time()))
    arena.drain(limit=40)
    assert kills > 3
    arena.check()
