"""The loop: draw, wait for a key or for the time to draw again, do what the key says."""

from __future__ import annotations

import time
from contextlib import suppress

from musterq.cli.top.body import Size
from musterq.cli.top.frame import frame
from musterq.cli.top.keymap import QuitTop, press
from musterq.cli.top.keys import Keys
from musterq.cli.top.screen import Screen
from musterq.cli.top.sheet import Look
from musterq.cli.top.symbols import Symbols
from musterq.cli.top.terminal import Terminal
from musterq.cli.top.ui import Ui
from musterq.cli.top.watcher import Watcher

_REST_OF_A_KEY = 0.05  # seconds in which the other bytes of a key come


class Dashboard:
    """Shows what the watcher sees on a terminal that is ours."""

    def __init__(
        self, *, ui: Ui, watcher: Watcher, terminal: Terminal, screen: Screen, symbols: Symbols, interval: float
    ) -> None:
        self._ui = ui
        self._watcher = watcher
        self._terminal = terminal
        self._screen = screen
        self._symbols = symbols
        self._interval = interval
        self._keys = Keys()

    def run(self) -> None:
        """Until somebody quits."""
        with suppress(QuitTop, KeyboardInterrupt):
            while True:
                self._draw()
                for key in self._typed():
                    self._react(key)

    def _draw(self) -> None:
        if self._terminal.is_changed:
            self._terminal.is_changed = False
            self._screen.forget()
        self._watcher.check()
        self._ui.notice = self._watcher.notice() or self._ui.notice
        size = self._terminal.size()
        look = Look(self._watcher.snapshot, self._symbols, time.time())
        self._terminal.write(self._screen.paint(frame(self._ui, look, Size(size.columns, size.lines))))

    def _typed(self) -> list[str]:
        """The keys of one go; none: it is time to draw again."""
        data = self._terminal.read(_REST_OF_A_KEY if self._keys.is_waiting else self._interval)
        if data is None:
            raise QuitTop
        return self._keys.feed(data) if data else self._keys.give_up()

    def _react(self, key: str) -> None:
        if key == "redraw":
            self._screen.forget()
            return
        press(self._ui, key, self._watcher.snapshot)
        self._watcher.want(self._ui.wanted)
        while self._ui.actions:
            self._watcher.do(self._ui.actions.pop(0))
