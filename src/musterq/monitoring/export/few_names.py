"""Labels for names that anybody may make up: only so many have one of their own, whatever there is."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock

from musterq.visible_text import visible

MOST_NAMES = 200
OTHERS = "(others)"


class FewNames:
    """Gives the first names labels of their own, and all others one together.

    Who has one keeps it: so what is summed under a label never goes down because another name has come.

    Args:
        most: How many names have labels of their own.
    """

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._most = most
        self._own: set[str] = set()
        self._lock = Lock()

    def labels_of(self, names: Iterable[str]) -> dict[str, str]:
        """The label of each name; those that are new get theirs in this order."""
        with self._lock:
            return {name: self._label(text_of(name)) for name in names}

    def _label(self, name: str) -> str:
        if name not in self._own and len(self._own) < self._most:
            self._own.add(name)
        return name if name in self._own else OTHERS


def text_of(name: str | bytes) -> str:
    """A name as text, its control characters as escapes; plain SQL may have put in bytes."""
    return visible(name if isinstance(name, str) else name.decode(errors="backslashreplace"))
