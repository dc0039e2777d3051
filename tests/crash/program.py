"""A worker process that is to die: ``program.py DATABASE WORKER_ID [STEP] [OPTION=JSON ...]``.

At STEP (see `steps.py`) it kills itself as the kernel would, with SIGKILL. Its tasks kill, hang or leave
their process.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from musterq import Clock, QueueDatabase, TaskQueue, WorkerEngine, current_task

FOLDER = Path(sys.argv[1] if __name__ == "__main__" else os.environ["MUSTERQ_CRASH_DATABASE"]).parent


class SteppedClock(Clock):
    """The machine's clock, moved by as many seconds as the file ``clock`` beside the database says."""

    def time(self) -> float:
        return super().time() + moved_seconds()


def moved_seconds() -> float:
    try:
        return float((FOLDER / "clock").read_text(encoding="ascii") or 0)
    except (FileNotFoundError, ValueError):  # not there, or half written
        return 0.0


queue = TaskQueue(QueueDatabase(FOLDER / "queue.db", clock=SteppedClock()))


def noted(handler: Callable[..., Any]) -> Callable[..., Any]:
    """A handler that writes down, in one write that outlives its process, that it begins, and how it ends."""

    @functools.wraps(handler)
    def run(*arguments: Any, **named: Any) -> Any:
        note("begun", handler.__name__)
        try:
            result = handler(*arguments, **named)
        except Exception:
            note("raised", handler.__name__)
            raise
        note("done", handler.__name__)
        return result

    return run


def note(what: str, type: str) -> None:
    notes = os.open(FOLDER / "notes", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    os.write(notes, f"{type} {what}\n".encode("ascii"))
    os.close(notes)


@queue.task
@noted
def quick() -> int:
    """Nothing, but in which process."""
    return os.getpid()


@queue.task
@noted
def work(seconds: float) -> int:
    """Some time of sleep."""
    time.sleep(seconds)
    return os.getpid()


@queue.task
@noted
def hold(name: str = "go") -> int:
    """Begin, and end when the file is there."""
    current_task().progress(0.5)
    pause = threading.Event()
    while not (FOLDER / name).exists():
        pause.wait(0.01)
    return os.getpid()


@queue.task
@noted
def fail_once() -> int:
    """An ordinary error at the first attempt."""
    if current_task().attempt == 1:
        raise ValueError("not yet")
    return os.getpid()


@queue.task
@noted
def poison() -> None:
    """Kill the process that runs it."""
    os.kill(os.getpid(), signal.SIGKILL)


@queue.task
@noted
def exit_at_once(code: int) -> None:
    """Leave without a word."""
    os._exit(code)


@queue.task
@noted
def eat_memory(mebibytes: int) -> None:
    """Take so much that the kernel ends it; here it is told to, since the machine's memory is not ours to fill."""
    taken = bytearray(mebibytes * 2**20)
    taken[::4096] = b"x" * len(taken[::4096])
    os.kill(os.getpid(), signal.SIGKILL)


@queue.task
@noted
def never_return() -> None:
    """Hang for ever."""
    while True:
        time.sleep(3600)


@queue.task
@noted
def fork_and_die() -> None:
    """Leave a child behind that lives on when its parent is dead."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        (FOLDER / "orphan").write_text(str(os.getpid()), encoding="ascii")
        os.write(writer, b"x")
        time.sleep(60)
        os._exit(0)
    os.read(reader, 1)
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Arm the step, if there is one, and work until a signal stops it."""
    from tests.crash.steps import arm

    given = dict(word.split("=", 1) for word in sys.argv[3:] if "=" in word)
    for step in (word for word in sys.argv[3:] if "=" not in word):
        arm(step)
    engine = WorkerEngine(queue, worker_id=sys.argv[2], **{name: json.loads(text) for name, text in given.items()})
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: engine.stop())
    engine.run()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    os.environ["MUSTERQ_CRASH_DATABASE"] = sys.argv[1]
    main()
