"""Claims as a storage gives them, for the parts that need no database."""

from __future__ import annotations

from datetime import UTC, datetime

from musterq.models import Claim


def claims(count: int) -> list[Claim]:
    """So many, with the ids 1, 2, 3 ..."""
    return [claim(number) for number in range(1, count + 1)]


def claim(task_id: int = 1) -> Claim:
    """The first attempt of a task of the default options."""
    return Claim(
        task_id=task_id,
        claim_token=task_id,
        worker_id="worker-01",
        type="thumbnail",
        payload="{}",
        arguments={},
        priority=100,
        compatibility="{}",
        attempts=1,
        max_attempts=5,
        crashes=0,
        max_crashes=3,
        lease_until_utc=None,
        created_at_utc=datetime(2030, 1, 1, tzinfo=UTC),
        claimed_at=1893456000.0,
    )
