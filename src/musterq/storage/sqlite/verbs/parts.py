"""Chains and groups: tasks that wait for others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from musterq.records import GroupProgress, NewPart
from musterq.storage.sqlite import composing
from musterq.storage.sqlite.reentry import verb
from musterq.storage.sqlite.verbs.frame import Frame


class PartVerbs(Frame):
    """The verbs of chains and groups."""

    @verb
    def enqueue_parts(self, parts: Sequence[NewPart], *, within: Any = None) -> list[int]:
        now = self.clock.text()
        return self._write_within(
            within, lambda connection: composing.enqueue_parts(connection, parts, self._lanes.id_of, now)
        )

    @verb
    def group_progress(self, group_id: int) -> GroupProgress | None:
        return self._read(lambda connection: composing.group_progress(connection, group_id))

    @verb
    def cancel_group(self, group_id: int) -> int:
        now = self.clock.text()
        return self._write(lambda connection: composing.cancel_group(connection, group_id, now))
