"""Writes in the main thread while a handler raises, and in others: interrupted_program.py DATABASE exit|error TIMES.

Prints as JSON which tasks were acknowledged, and which calls were interrupted.
"""

from __future__ import annotations

import itertools
import json
import random
import signal
import sys
import threading
import time
from types import FrameType

from musterq.models import NewTask
from musterq.storage.sqlite.engine import SQLiteStorage


class TimeIsOver(Exception):
    """What a handler raises that sets a limit to a call."""


class Program:
    """``interrupted`` counts by the handler; it raises only within a call, once for each signal."""

    def __init__(self, path: str, error: type[BaseException], times: int) -> None:
        self.storage = SQLiteStorage(path)
        self.error = error
        self.times = times
        self.armed = False
        self.answered = threading.Semaphore(0)
        self.acknowledged: list[str] = []
        self.interrupted: list[str] = []
        self.stopping = threading.Event()
        signal.signal(signal.SIGUSR1, self.handle)

    def handle(self, signum: int, frame: FrameType | None) -> None:
        self.answered.release()
        if self.armed:
            self.armed = False
            raise self.error

    def put(self, text: str) -> None:
        self.storage.enqueue([NewTask(type="t", payload=json.dumps(text))])

    def run(self) -> None:
        helpers = [threading.Thread(target=self.write_beside, args=(number,)) for number in range(3)]
        helpers.append(threading.Thread(target=self.send_signals, args=(threading.get_ident(),)))
        for helper in helpers:
            helper.start()
        self.write()
        self.stopping.set()
        for helper in helpers:
            helper.join()
        self.storage.close()

    def write(self) -> None:
        for n in itertools.count():
            if len(self.interrupted) == self.times:
                return
            text = f"main-{n}"
            done = False
            try:
                self.armed = True
                self.put(text)
                self.armed = False
                done = True
            except (TimeIsOver, SystemExit):
                self.interrupted.append(json.dumps(text))
            if done:
                self.acknowledged.append(json.dumps(text))

    def write_beside(self, number: int) -> None:
        done = []
        for n in itertools.count():
            if self.stopping.is_set():
                break
            self.put(f"{number}-{n}")
            done.append(json.dumps(f"{number}-{n}"))
        self.acknowledged.extend(done)

    def send_signals(self, main_thread: int) -> None:
        while not self.stopping.is_set():
            time.sleep(random.uniform(0, 0.002))
            signal.pthread_kill(main_thread, signal.SIGUSR1)
            while not self.answered.acquire(timeout=0.1):
                if self.stopping.is_set():
                    return


if __name__ == "__main__":
    program = Program(sys.argv[1], SystemExit if sys.argv[2] == "exit" else TimeIsOver, int(sys.argv[3]))
    program.run()
    sys.stdout.write(json.dumps({"acknowledged": program.acknowledged, "interrupted": program.interrupted}))
