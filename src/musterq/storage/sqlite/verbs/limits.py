"""Limits by type."""

from __future__ import annotations

from musterq.records import TypeLimit
from musterq.storage.sqlite import limits
from musterq.storage.sqlite.reentry import verb
from musterq.storage.sqlite.verbs.frame import Frame


class LimitVerbs(Frame):
    """The verbs of limits."""

    @verb
    def set_limit(self, type: str, limit: TypeLimit | None) -> None:
        self._write(lambda connection: limits.set_limit(connection, type, limit))

    @verb
    def limits(self) -> dict[str, TypeLimit]:
        return self._read(limits.limits)
