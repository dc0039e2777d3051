"""What a worker holds, and for how long it still does without a sign of life."""

from __future__ import annotations

import pytest

from musterq.models import WorkerFacts
from musterq.storage.base import Storage
from tests.storage.making import end, put, release, take, take_one
from tests.support import MovableClock


def test_what_a_worker_holds(storage: Storage):
    """Under its heartbeat, or under leases of their own; nothing of others."""
    for _ in range(3):
        put(storage)
    first, second = take_one(storage, lease_seconds=None), take_one(storage, lease_seconds=60)
    take_one(storage, "worker-2")
    assert storage.held_claims("worker-1") == {(claim.task_id, claim.claim_token) for claim in (first, second)}
    end(storage, first)
    release(storage, second)
    assert storage.held_claims("worker-1") == set()


@pytest.mark.parametrize("step", [0, 3600, -3600])
def test_a_lease_of_its_own_runs_down(storage: Storage, clock: MovableClock, step: int):
    """By the boot clock; it is never less than nothing."""
    put(storage)
    claim = take_one(storage, lease_seconds=60)
    clock.set_wall_clock(step)
    clock.advance(12.5)
    assert storage.lease_left(claim) == 47.5
    clock.advance(100)
    assert storage.lease_left(claim) == 0.0


def test_an_extension_counts_from_now(storage: Storage, clock: MovableClock):
    put(storage)
    claim = take_one(storage, lease_seconds=60)
    clock.advance(50)
    storage.extend(claim, 120)
    assert storage.lease_left(claim) == 120


@pytest.mark.parametrize("step", [0, 3600, -3600])
def test_a_beat_renews_what_is_held_under_it(storage: Storage, clock: MovableClock, step: int):
    storage.register("worker-1", "{}", WorkerFacts(host="h", pid=1, lease_seconds=30))
    put(storage)
    claim = take_one(storage, lease_seconds=None)
    clock.set_wall_clock(step)
    clock.advance(12)
    assert storage.lease_left(claim) == 18
    storage.heartbeat("worker-1")
    assert storage.lease_left(claim) == 30
    clock.advance(31)
    assert storage.lease_left(claim) == 0.0


def test_a_lease_that_plain_sql_wrote(storage: Storage, clock: MovableClock):
    """By its text."""
    put(storage)
    claim = take_one(storage, lease_seconds=60)
    storage.execute("UPDATE task_queue SET lease_until_utc = ?", (clock.text(600),))
    assert storage.lease_left(claim) == pytest.approx(600, abs=0.01)


def test_nobody_registered(storage: Storage, clock: MovableClock):
    """Then the lease of an orphan holds, from the claim on."""
    put(storage)
    claim = take_one(storage, lease_seconds=None)
    storage.execute("DELETE FROM workers")
    storage.execute("UPDATE task_queue SET lease_until_utc = NULL")
    clock.advance(10)
    assert storage.lease_left(claim) == pytest.approx(50, abs=0.01)


def test_a_claim_that_is_no_longer_held(storage: Storage, clock: MovableClock):
    put(storage)
    first = take_one(storage, lease_seconds=60)
    clock.advance(61)
    (second,) = take(storage, "worker-2")
    assert (storage.lease_left(first), storage.lease_left(second)) == (None, 60)
    end(storage, second)
    assert storage.lease_left(second) is None
