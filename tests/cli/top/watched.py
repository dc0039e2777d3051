"""The dashboard, run as a program on a terminal of this process's own."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyte

PATIENCE_SECONDS = 20.0
#: So that the terminal has the program's session, and can send its signals, the program is started through this.
_TAKING_THE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


class Watched:
    """A program on a terminal, and what that shows."""

    def __init__(self, arguments: Sequence[str], *, columns: int = 80, rows: int = 24, **environment: str) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.output = b""
        self._stream = pyte.ByteStream(self.screen)
        self._ours, self.terminal = pty.openpty()
        set_size(self.terminal, columns, rows)
        self.modes = termios.tcgetattr(self.terminal)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _TAKING_THE_TERMINAL, *arguments],
            stdin=self.terminal,
            stdout=self.terminal,
            stderr=self.terminal,
            env=_environment(environment),
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Of the program."""
        return self._process.pid

    @property
    def lines(self) -> list[str]:
        """The rows of the terminal."""
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        """All that is on the terminal."""
        return "\n".join(self.lines)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._ours, keys.encode())

    def sees(self, *words: str) -> str:
        """Wait until all of this is on the terminal; returns what is."""
        return self.until(lambda: all(word in self.text for word in words), words)

    def loses(self, word: str) -> str:
        """Wait until this is not on the terminal any more."""
        return self.until(lambda: word not in self.text, word)

    def until(self, holds: Callable[[], bool], wanted: object) -> str:
        """Take in what the program shows until this holds."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, f"never saw {wanted!r} in\n{self.text}"
            self._take_in(0.05)
        return self.text

    def resize(self, columns: int, rows: int) -> None:
        """Change the size, as a window manager does."""
        self.screen.resize(rows, columns)
        self.screen.reset()
        set_size(self.terminal, columns, rows)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        self._process.send_signal(number)

    def ends(self) -> int:
        """Wait for the end of the program; returns its exit code, its output taken in."""
        self.until(lambda: self._process.poll() is not None, "the end")
        self._take_in(0.05)
        return self._process.returncode

    def is_as_before(self) -> bool:
        """Whether the terminal is in the modes that it was in."""
        return termios.tcgetattr(self.terminal) == self.modes

    def close(self) -> None:
        """End the program, however it is."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._ours)
        os.close(self.terminal)

    def _take_in(self, seconds: float) -> None:
        while select.select([self._ours], [], [], seconds)[0]:
            data = os.read(self._ours, 65536)
            self.output += data
            self._stream.feed(data)
            seconds = 0


def top(database: Path, *arguments: str, **options: Any) -> Watched:
    """The dashboard of a database, drawn ten times a second."""
    command = [sys.executable, "-m", "musterq", "top", "--database", str(database), "--interval", "0.1", *arguments]
    return Watched(command, **options)


def set_size(terminal: int, columns: int, rows: int) -> None:
    """What the terminal says of its size."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _environment(more: dict[str, str]) -> dict[str, str]:
    left_out = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES")
    known = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**known, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **more}
