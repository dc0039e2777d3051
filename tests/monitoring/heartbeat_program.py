"""A worker with a heartbeat loop: heartbeat_program.py DATABASE PAUSE [BEAT].

It prints a line after every beat. With BEAT it does not pause, and is sent SIGTERM inside its BEAT-th heartbeat.
"""

# ruff: noqa: T201 - it prints, as the programs that users write do

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType

from musterq import QueueDatabase, QueueMonitoring
from musterq.clock import Clock


class SignallingClock(Clock):
    """Asked for the time within a heartbeat, it sends this process a SIGTERM first, once."""

    armed = False

    def time(self) -> float:
        if self.armed:
            self.armed = False
            signal.raise_signal(signal.SIGTERM)
        return super().time()


class Worker:
    def __init__(self, worker_id: str, monitoring: QueueMonitoring) -> None:
        self.worker_id = worker_id
        self.monitoring = monitoring
        self.running = True
        self.monitoring.register_worker(self.worker_id, {"cpu": 8})
        signal.signal(signal.SIGTERM, self.shutdown)
        signal.signal(signal.SIGINT, self.shutdown)

    def shutdown(self, signum: int, frame: FrameType | None) -> None:
        print(f"Shutting down {self.worker_id}")
        self.running = False
        self.monitoring.remove_worker(self.worker_id)
        sys.exit(0)

    def run(self, pause: float, clock: SignallingClock, signalled_beat: int | None) -> None:
        beat = 0
        while self.running:
            beat += 1
            clock.armed = beat == signalled_beat
            try:
                self.monitoring.update_heartbeat(self.worker_id)
                os.write(1, b"beat\n")  # print would be entered a second time by the handler
                time.sleep(pause if signalled_beat is None else 0)
            except Exception as error:  # noqa: BLE001 - so does the documented program
                print(f"Error in the loop: {error!r}", file=sys.stderr)
                time.sleep(5)


if __name__ == "__main__":
    clock = SignallingClock()
    database = QueueDatabase(sys.argv[1], clock=clock)
    database.initialize_schema()
    worker = Worker("worker-01", QueueMonitoring(database))
    worker.run(float(sys.argv[2]), clock, int(sys.argv[3]) if len(sys.argv) > 3 else None)
