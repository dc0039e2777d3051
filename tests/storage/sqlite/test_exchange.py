"""Finishing and claiming in one call, where the claim needs further transactions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from musterq.errors import QueueDatabaseError
from musterq.models import ClaimRequest, Outcome, TaskStatus
from musterq.storage.sqlite.engine import SQLiteStorage
from tests.storage.making import put, take_one


def fail_from_the_second_write(storage: SQLiteStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a disk does that gets full between two transactions."""
    real, writes = storage._sessions.write, []

    def write(work: Callable[[Any], Any]) -> Any:
        writes.append(work)
        if len(writes) > 1:
            raise QueueDatabaseError("the disk is full")
        return real(work)

    monkeypatch.setattr(storage._sessions, "write", write)


def test_a_fault_of_the_further_claim_hides_no_finish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was finished is committed by then; who is not told so would finish it again, and be refused."""
    storage = SQLiteStorage(str(tmp_path / "queue.db"))
    put(storage)
    claim = take_one(storage)
    expired = datetime.now(UTC) - timedelta(seconds=1)
    for _ in range(150):
        put(storage, expires_at=expired)
    fail_from_the_second_write(storage, monkeypatch)
    done = Outcome(claim=claim, status=TaskStatus.COMPLETED)
    assert storage.exchange([done], ClaimRequest(worker_id="worker-1")) == ([True], [])
    with pytest.raises(QueueDatabaseError, match="full"):
        storage.claim(ClaimRequest(worker_id="worker-1"))
    storage.close()
