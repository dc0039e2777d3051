"""Other queues as contestants."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from benchmarks.harness import Contestant, Target
from benchmarks.peer_runs import run_peer

Asked = tuple[int, Target | None]  # tasks a run, and what our speed must be in its


def opponents(scenario: str, folder: Path, asked: Mapping[str, Asked]) -> list[Contestant]:
    """A contestant for each peer that is asked for, its files in `folder`."""
    return [
        Contestant(name=name, operations=n, run=partial(run_peer, name, scenario, n, folder), target=target)
        for name, (n, target) in asked.items()
    ]
