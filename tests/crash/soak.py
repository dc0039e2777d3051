"""Storms of kills, one after the other, for as long as asked: ``python -m tests.crash.soak --minutes 60``.

Each round has a queue of its own and a seed that it names; a round that fails keeps its folder and ends the soak.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.crash.arena import Arena
from tests.crash.test_storm import storm

ROUND_SECONDS = 30.0


def main() -> int:
    """Run rounds until the time is over; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (%(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="of the first round, to run one again")
    options = parser.parse_args()
    chance = random.Random()
    end = time.monotonic() + options.minutes * 60
    rounds = kills = 0
    while time.monotonic() < end:
        seed = options.seed if options.seed is not None and not rounds else chance.randrange(2**31)
        kills += one_round(seed, min(ROUND_SECONDS, max(1.0, end - time.monotonic())))
        rounds += 1
    print(f"{rounds} rounds, {kills} kills: nothing lost, nothing finished twice")
    return 0


def one_round(seed: int, seconds: float) -> int:
    """One storm; returns the number of kills."""
    folder = Path(tempfile.mkdtemp(prefix="musterq-soak-"))
    print(f"seed {seed}: ", end="", flush=True)
    arena = Arena(folder)
    try:
        kills = storm(arena, seconds, seed)
        arena.drain(limit=120)
        arena.check()
    except BaseException:
        print(f"FAILED, see {folder}", flush=True)
        raise
    finally:
        arena.close()
    shutil.rmtree(folder)
    print(f"{kills} kills, {len(arena.acknowledged)} tasks, all done once", flush=True)
    return kills


if __name__ == "__main__":
    sys.exit(main())
