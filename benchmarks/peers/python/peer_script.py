"""What every peer's script has in common: its arguments, its clock and its one line of output."""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PAYLOAD: dict[str, object] = {"path": "images/a.png", "width": 256}
THREADS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What a scenario is asked to do: `n` tasks, the queue's file in `folder`, settings as they come or comparable."""

    folder: Path
    n: int
    defaults: bool


Scenario = Callable[[Run], float]


def stopwatch() -> Callable[[], float]:
    """Start a clock; the function returned tells the seconds since."""
    start = time.perf_counter()
    return lambda: time.perf_counter() - start


def main(peer: str, scenarios: dict[str, Scenario]) -> None:
    """Run one scenario with `n` tasks in a new folder and print what it took as a line of JSON."""
    parser = argparse.ArgumentParser(description=f"One benchmark scenario of {peer}.")
    parser.add_argument("scenario", choices=sorted(scenarios))
    parser.add_argument("n", type=int)
    parser.add_argument("--folder", type=Path, help="where the queue's file goes")
    parser.add_argument("--defaults", action="store_true", help="leave every setting as the peer has it")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix=f"{peer}-", dir=args.folder) as folder:
        seconds = scenarios[args.scenario](Run(folder=Path(folder), n=args.n, defaults=args.defaults))
    print(json.dumps({"scenario": args.scenario, "peer": peer, "n": args.n, "seconds": seconds}))
