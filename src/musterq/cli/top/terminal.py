"""The terminal while it is ours: no echo, keys at once, a screen of our own; as it was before on every way out."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"  # another screen, no cursor, long lines are cut
_LEAVE = "\x1b[m\x1b[?7h\x1b[?25h\x1b[?1049l"
_INPUT_BYTES = 1024
_COLUMNS, _ROWS = 80, 24


class Terminal:
    """Standard input and output, which are a terminal.

    Attributes:
        is_changed: its size may be another now, or its picture gone: draw all of it.
    """

    def __init__(self) -> None:
        self._input = sys.stdin.fileno()
        self._output = sys.stdout.fileno()
        self._before = termios.tcgetattr(self._input)
        self._woken, self._waker = os.pipe()
        for end in (self._woken, self._waker):
            os.set_blocking(end, False)
        self.is_changed = True

    def size(self) -> os.terminal_size:
        """Columns and rows; those of a plain one where it does not say."""
        size = os.get_terminal_size(self._output)
        return os.terminal_size((size.columns or _COLUMNS, size.lines or _ROWS))

    def write(self, text: str) -> None:
        """Show it; what its encoding lacks is shown as a question mark."""
        data = text.encode(sys.stdout.encoding, "replace")
        while data:  # past the buffer of Python, which a signal's handler must not write to while it is written to
            data = data[os.write(self._output, data) :]

    def wake(self) -> None:
        """End a `read` now; from any thread."""
        with suppress(BlockingIOError):
            os.write(self._waker, b"\0")

    def read(self, seconds: float) -> bytes | None:
        """What was typed; empty after so many seconds, or when woken; None: the terminal is gone."""
        ready, _, _ = select.select([self._input, self._woken], [], [], seconds)
        if self._woken in ready:
            with suppress(BlockingIOError):
                os.read(self._woken, _INPUT_BYTES)
        if self._input not in ready:
            return b""
        try:
            return os.read(self._input, _INPUT_BYTES) or None
        except OSError:
            return None

    @contextmanager
    def ours(self) -> Iterator[None]:
        """The terminal is ours within the block, but while the process is suspended.

        A signal that ends the process ends the block, too.
        """
        handlers = {
            signal.SIGTERM: _end,
            signal.SIGHUP: _end,
            signal.SIGTSTP: self._suspend,
            signal.SIGCONT: self._go_on,
            signal.SIGWINCH: self._resized,
        }
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        woken = signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        self._enter()
        try:
            yield
        finally:
            self._leave()
            signal.set_wakeup_fd(woken)
            for number, handler in before.items():
                signal.signal(number, handler)

    def close(self) -> None:
        """Give back what was opened."""
        os.close(self._woken)
        os.close(self._waker)

    def _enter(self) -> None:
        tty.setcbreak(self._input, termios.TCSADRAIN)
        self.write(_ENTER)
        self.is_changed = True

    def _leave(self) -> None:
        with suppress(OSError, termios.error):  # it may be gone
            self.write(_LEAVE)
            termios.tcsetattr(self._input, termios.TCSADRAIN, self._before)

    def _suspend(self, _number: int, _frame: FrameType | None) -> None:
        self._leave()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)  # it stands still here, unless there is no shell that could continue it
        signal.signal(signal.SIGTSTP, self._suspend)
        self._enter()

    def _go_on(self, _number: int, _frame: FrameType | None) -> None:
        self._enter()

    def _resized(self, _number: int, _frame: FrameType | None) -> None:
        self.is_changed = True


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
