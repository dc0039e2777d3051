"""The scenarios by name, in the order in which they run."""

from collections.abc import Callable, Mapping

from benchmarks.harness import Row
from benchmarks.scenarios import claim_complete, enqueue, enqueue_many, flat, memory, processes, wake, worker
from benchmarks.setting import Setting

SCENARIOS: Mapping[str, Callable[[Setting], list[Row]]] = {
    "enqueue": enqueue.rows,
    "enqueue_many": enqueue_many.rows,
    "claim_complete": claim_complete.rows,
    "worker": worker.rows,
    "wake": wake.rows,
    "flat": flat.rows,
    "processes": processes.rows,
    "memory": memory.rows,
}
