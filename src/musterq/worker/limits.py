"""The limits that definitions ask for, written when a worker starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from musterq.queue.tasks import TaskDefinition
from musterq.storage.base import Storage


def declare_limits(storage: Storage, definitions: Mapping[str, TaskDefinition[..., Any]], types: Iterable[str]) -> None:
    """Give these types the limits of their definitions, where they have others; what asks for none is left alone."""
    known = storage.limits()
    for type in sorted(types):
        wanted = definitions[type].limit
        if wanted is not None and known.get(type) != wanted:
            storage.set_limit(type, wanted)
