"""Holds a worker's liveness lock until its standard input ends: liveness_program.py DATABASE WORKER [CHILD].

CHILD is how it starts a process that outlives it. Prints the child's pid (or 0) once both are there.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys

from musterq.storage.sqlite.liveness import LivenessFolder

WAIT = "import sys; sys.stdin.read()"


def wait() -> None:
    """Until the test closes the pipe that this process has inherited."""
    while os.read(0, 1024):
        pass


def wait_in_child() -> None:
    """The same in a child of multiprocessing, which has no standard input of its own, so on the pipe by its name."""
    pipe = os.open(os.environ["MUSTERQ_TEST_PIPE"], os.O_RDONLY | os.O_NONBLOCK)  # the test may be over by now
    os.set_blocking(pipe, True)
    while os.read(pipe, 1024):
        pass


def start(kind: str) -> int | None:
    if kind == "fork":
        pid = os.fork()
        if pid == 0:
            wait()
            os._exit(0)
        return pid
    if kind.startswith("subprocess"):
        return subprocess.Popen([sys.executable, "-c", WAIT], close_fds=kind == "subprocess").pid
    process = multiprocessing.get_context(kind.removeprefix("multiprocessing ")).Process(  # type: ignore[attr-defined]
        target=wait_in_child
    )
    process.start()
    return process.pid


def main(path: str, worker_id: str, kind: str | None = None) -> None:
    lock = LivenessFolder(path).take(worker_id)
    sys.stdout.write(f"{start(kind) if kind else 0}\n")
    sys.stdout.flush()
    wait()
    lock.release()


if __name__ == "__main__":
    main(*sys.argv[1:])
