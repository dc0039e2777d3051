"""Bytes that a terminal sends become the names of keys."""

from __future__ import annotations

import codecs
import re

_NAMED = {
    "\r": "enter",
    "\n": "enter",
    "\t": "tab",
    "\x7f": "backspace",
    "\x08": "backspace",
    "\x0c": "redraw",
    "\x04": "q",
}
_ESCAPED = {
    "[A": "up",
    "[B": "down",
    "[C": "right",
    "[D": "left",
    "[H": "home",
    "[F": "end",
    "[Z": "backtab",
    "[1~": "home",
    "[4~": "end",
    "[5~": "page up",
    "[6~": "page down",
    "[7~": "home",
    "[8~": "end",
    **{
        f"O{letter}": name
        for letter, name in zip("ABCDHF", ("up", "down", "right", "left", "home", "end"), strict=True)
    },
}
_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|O.)")
_UNFINISHED = re.compile(r"\x1b(\[[0-?]*[ -/]*|O)?\Z")


class Keys:
    """Takes bytes as they come; a key whose bytes came in parts is one key all the same."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")
        self._rest = ""

    @property
    def is_waiting(self) -> bool:
        """Whether what came may be the begin of a key, or the Esc key alone."""
        return bool(self._rest)

    def feed(self, data: bytes) -> list[str]:
        """The keys that are complete now. Those without a name are left out."""
        text = self._rest + self._decoder.decode(data)
        self._rest = ""
        keys = []
        while text:
            name, text = self._first(text)
            if name:
                keys.append(name)
        return keys

    def give_up(self) -> list[str]:
        """Nothing more came: it was the Esc key."""
        waited, self._rest = self._rest, ""
        return ["escape"] if waited else []

    def _first(self, text: str) -> tuple[str, str]:
        if sequence := _SEQUENCE.match(text):
            return _ESCAPED.get(sequence[1], ""), text[sequence.end() :]
        if _UNFINISHED.match(text):
            self._rest = text
            return "", ""
        if text[0] == "\x1b":
            return "escape", text[1:]
        return _NAMED.get(text[0], text[0] if text[0].isprintable() else ""), text[1:]
