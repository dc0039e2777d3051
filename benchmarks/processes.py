"""The processes that scenarios start: workers as people start them, and programs that are talked to line by line."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from benchmarks.peer_environments import CHECKOUT

CONCURRENCY = 8
STOP_SECONDS = 30.0


def command_of_worker(database: Path, *options: str) -> list[str]:
    """The command line of a worker process with eight threads, and the defaults otherwise."""
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
def running_worker(database: Path, *options: str) -> Iterator[None]:
    """A worker process that runs within the block, and is stopped in order at its end."""
    with subprocess.Popen(command_of_worker(database, *options), cwd=CHECKOUT, env=without_settings()) as process:
        try:
            yield
        finally:
            process.terminate()
            end(process)


class Talk:
    """A program of the benchmarks that is talked to line by line."""

    def __init__(self, module: str, *words: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.programs.{module}", *words],
            cwd=CHECKOUT,
            env=without_settings(),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Close its stdin, at which it ends."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        end(self._process)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def say(self, line: str) -> None:
        """Send it a line.

        Raises:
            OSError: it has ended.
        """
        if self._process.stdin is not None:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()

    def kill(self) -> None:
        """End it as a crash does (SIGKILL), and collect what is left of it."""
        self._process.kill()
        self._process.wait()

    def hear(self) -> str:
        """Wait for its next line; empty if it has ended."""
        return self._process.stdout.readline() if self._process.stdout is not None else ""


def end(process: subprocess.Popen[Any]) -> None:
    """Wait for a process that was told to end, and make sure that it does."""
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def without_settings() -> dict[str, str]:
    """This process's environment without what would set a worker's options."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MUSTERQ_")}
