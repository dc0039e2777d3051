"""Workers are killed at random, again and again, while tasks of every kind go through."""

from __future__ import annotations

import random
import time

from tests.crash.arena import Arena

SECONDS = 6.0
KINDS = [
    ("quick", {}),
    ("work", {"seconds": 0.01}),
    ("work", {"seconds": 0.1}),
    ("fail_once", {}),
]


def storm(arena: Arena, seconds: float, seed: int) -> int:
    """Put in, kill and start again until the time is over; returns the number of kills."""
    chance = random.Random(seed)
    names = [f"w{number}" for number in range(3)]
    for name in names:
        arena.start(name, ready=False, concurrency=4)
    kills, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        type, payload = chance.choice(KINDS)
        arena.enqueue(
            type,
            payload,
            times=chance.randint(1, 40),
            max_crashes=1000,
            retry={"initial_seconds": 0.05},
            delay=chance.choice([0, 0, 0.1]),
        )
        time.sleep(chance.uniform(0.05, 0.4))  # not to wait for anything: the moment of the next kill is random
        name = chance.choice(names)
        arena.kill(name)
        arena.start(name, ready=False, concurrency=4)
        kills += 1
    return kills


def test_random_kills_lose_nothing(arena: Arena) -> None:
    """Every task is completed once, however often its workers died."""
    kills = storm(arena, SECONDS, seed=int(time.time()))
    arena.drain(limit=40)
    assert kills > 3
    arena.check()
