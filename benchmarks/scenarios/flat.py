"""What a claim and the metrics cost with few and with many tasks queued."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.harness import Contestant, Row, Target, comparison, in_turns, median
from benchmarks.peer_runs import report
from benchmarks.setting import PAYLOAD, Setting
from benchmarks.timing import repeated, seconds_of
from musterq import QueueMonitoring, SchedulingStrategy, TaskQueue
from musterq.json_text import compact

FEW = 1000
LANES = 50
SERVED = 25  # of them, by the worker's capabilities
BATCH = 50_000
WORKER_ID = "bench"
FLAT = Target(below=1.5)


def rows(setting: Setting) -> list[Row]:
    """Each strategy's claim and release, then the metrics, few and many in turns."""
    many = setting.choose(quick=50_000, usual=1_000_000, large=10_000_000)
    with setting.new_folder() as folder, ExitStack() as cleanup:
        small, large = (cleanup.enter_context(filled(folder / f"{n}.db", n)) for n in (FEW, many))
        rounds = setting.choose(quick=10, usual=40)
        claims = [flat_row(f"claim, {s}, {many:,}", partial(claims_of, strategy=s), small, large, rounds) for s in SchedulingStrategy]
        metrics = flat_row(f"metrics, {many:,}", metrics_of, small, large, rounds)
        return [*claims, metrics, milliseconds_row(metrics)]
