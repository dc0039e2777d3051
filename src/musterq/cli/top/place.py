"""Where somebody is, and how the list there is sorted, filtered and scrolled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from musterq.cli.top.wanted import Kind, Which

Key = str | int


@dataclass(slots=True)
class Place:
    """A page, or something that was opened; ``subject`` is its worker or task.

    Attributes:
        sort: which of the orders of its list, and whether it is turned around.
        words: only rows that contain this.
        cursor: the key of the row under the cursor, which stays on it when rows move; None: whichever is first.
        row: where the cursor was seen last.
        top: the first row, or line, on show.
    """

    kind: Kind
    subject: Key | None = None
    which: Which = field(default_factory=Which)
    sort: int = 0
    turned: bool = False
    words: str = ""
    cursor: Key | None = None
    row: int = 0
    top: int = 0

    def settle(self, keys: Sequence[Key], room: int) -> None:
        """Find the cursor in a list of these keys, and scroll so that it is among the ``room`` rows on show."""
        if self.cursor is None:
            self.row = 0
        elif self.cursor in keys:
            self.row = keys.index(self.cursor)
        self.row = min(self.row, max(0, len(keys) - 1))
        self.top = min(self.top, self.row, max(0, len(keys) - room))
        self.top = max(self.top, self.row - room + 1)

    def move(self, keys: Sequence[Key], rows: int) -> None:
        """Move the cursor so many rows down; to the first row means: whatever comes first there."""
        self.row = min(max(0, self.row + rows), max(0, len(keys) - 1))
        self.cursor = keys[self.row] if keys and self.row else None

    def show_again(self) -> None:
        """From the top, since another list is shown."""
        self.cursor, self.row, self.top = None, 0, 0
