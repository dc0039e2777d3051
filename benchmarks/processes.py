"""Processes of musterq's own: workers as people start them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peer_environments import CHECKOUT

CONCURRENCY = 8
STOP_SECONDS = 30.0


def command_of_worker(database: Path, *options: str) -> list[str]:
    """The command line of a worker process with an empty handler, eight threads and the defaults otherwise."""
    target = "benchmarks.programs.handlers:queue"
    given = ["--database", str(database), "--concurrency", str(CONCURRENCY), "--log-level", "error", *options]
    return [sys.executable, "-m", "musterq", "worker", target, *given]


def run_burst(database: Path, *, limit: float) -> None:
    """Let one worker process do all that is queued.

    Raises:
        subprocess.CalledProcessError, subprocess.TimeoutExpired: it failed, or took longer than `limit` seconds.
    """
    subprocess.run(
        command_of_worker(database, "--burst"), cwd=CHECKOUT, env=without_settings(), timeout=limit, check=True
    )


@contextmanager
def running_worker(database: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process that runs within the block, and is stopped in order at its end."""
    with subprocess.Popen(command_of_worker(database, *options), cwd=CHECKOUT, env=without_settings()) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def without_settings() -> dict[str, str]:
    """This process's environment without what would set a worker's options."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MUSTERQ_")}
