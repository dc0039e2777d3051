"""One producer process: `producer.py DATABASE SECONDS` enqueues, one task at a time, from a line on stdin on.

Prints a line when it is ready, and at the end one of JSON: the milliseconds that each `enqueue` took, and the faults.
"""

import json
import sys
import time

from benchmarks.setting import PAYLOAD, TYPE
from musterq import QueueDatabaseError, TaskQueue


def main(database: str, seconds: float) -> None:
    """Wait for the start, and enqueue for so long."""
    with TaskQueue(database) as queue:
        queue.get(1)  # opens the file
        print("ready", flush=True)
        sys.stdin.readline()
        print(json.dumps(produce(queue, time.perf_counter() + seconds)))


def produce(queue: TaskQueue, end: float) -> dict[str, list[object]]:
    """What each call took, and which failed."""
    milliseconds: list[object] = []
    faults: list[object] = []
    while (start := time.perf_counter()) < end:
        try:
            queue.enqueue(TYPE, PAYLOAD)
        except QueueDatabaseError as error:
            faults.append(str(error))
        else:
            milliseconds.append((time.perf_counter() - start) * 1000)
    return {"milliseconds": milliseconds, "faults": faults}


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
