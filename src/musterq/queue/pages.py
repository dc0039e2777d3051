"""A page of tasks, and the cursor that leads to the next one."""

from __future__ import annotations

import re
from collections.abc import Iterable

from musterq.models import Task
from musterq.scalars import shown

_CURSOR = re.compile(r"before-([1-9][0-9]{0,18})")


class Page(list[Task]):
    """A list of tasks, newest first.

    Attributes:
        cursor: what to pass as ``after`` to get the next page; None: this is the last one.
    """

    def __init__(self, tasks: Iterable[Task] = (), cursor: str | None = None) -> None:
        super().__init__(tasks)
        self.cursor = cursor


def page_of(tasks: list[Task], limit: int) -> Page:
    """The first ``limit`` tasks of a list that has one more where there is a next page."""
    if len(tasks) <= limit:
        return Page(tasks)
    return Page(tasks[:limit], f"before-{tasks[limit - 1].id}")


def id_before(cursor: object) -> int | None:
    """The id that a page's cursor names.

    Raises:
        TypeError, ValueError: it is no cursor.
    """
    if cursor is None:
        return None
    if not isinstance(cursor, str):
        raise TypeError(f"after={shown(cursor)} is a {type(cursor).__name__}; give the .cursor of the page before")
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise ValueError(f"after={shown(cursor)} is no cursor; give the .cursor of the page before, or None")
    return int(found[1])
