"""Whatever is kept beside the rows of `task_queue`, counted again from them and compared."""

from __future__ import annotations

from musterq.storage.base import Storage


def verify_counts(storage: Storage) -> None:
    """By the verb that users have."""
    found = storage.verify()
    assert not found, "\n".join(f"{one.what} ({one.where}): kept {one.kept}, counted {one.counted}" for one in found)
