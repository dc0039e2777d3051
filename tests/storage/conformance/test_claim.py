"""Taking tasks: each by one worker at a time, under a token that no other claim ever has."""

from __future__ import annotations

from datetime import timedelta

from musterq.models import ClaimRequest, NewTask, Outcome, TaskStatus
from musterq.storage.base import Storage
from tests.storage.making import end, put, release, status, take, take_one, taken
from tests.support import MovableClock


def test_an_empty_queue_gives_nothing(storage: Storage):
    assert take(storage) == []


def test_a_claim_is_written_on_the_row(storage: Storage, clock: MovableClock):
    task_id = put(storage, payload='{"to": "a"}')
    clock.advance(5)
    claim = take_one(storage, lease_seconds=60)
    assert (claim.task_id, claim.worker_id, claim.arguments, claim.attempts) == (task_id, "worker-1", {"to": "a"}, 1)
    task = storage.get(task_id)
    assert task is not None
    assert (task.status, task.locked_by, task.attempts) == ("processing", "worker-1", 1)
    assert task.reserved_at_utc == clock.now()
    assert task.lease_until_utc == claim.lease_until_utc == clock.now() + timedelta(seconds=60)
    assert claim.created_at_utc == clock.now() - timedelta(seconds=5)


def test_a_claim_under_the_heartbeat_has_no_lease_of_its_own(storage: Storage):
    task_id = put(storage)
    assert take_one(storage, lease_seconds=None).lease_until_utc is None
    task = storage.get(task_id)
    assert task is not None
    assert task.lease_until_utc is None


def test_a_task_is_claimed_once(storage: Storage, other: Storage):
    put(storage)
    assert len(take(storage, "worker-1", limit=10)) == 1
    assert take(other, "worker-2", limit=10) == []


def test_a_claim_takes_at_most_its_limit(storage: Storage):
    ids = [put(storage) for _ in range(5)]
    assert taken(take(storage, limit=3)) == ids[:3]
    assert taken(take(storage, limit=3)) == ids[3:]


def test_a_limit_of_nothing_takes_nothing(storage: Storage):
    task_id = put(storage)
    assert take(storage, limit=0) == []
    assert status(storage, task_id) == "queued"


def test_no_two_claims_have_one_token(storage: Storage):
    """Tokens are random numbers of up to 63 bits, also for the same task."""
    storage.enqueue([NewTask(type="mail", payload="{}") for _ in range(20)])
    tokens = []
    for _ in range(5):
        claims = take(storage, limit=20)
        tokens += [claim.claim_token for claim in claims]
        assert all(release(storage, claim) for claim in claims)
    assert len(set(tokens)) == 100
    assert all(0 <= token < 2**63 for token in tokens)
    assert max(tokens) > 2**50


def test_only_the_types_that_are_asked_for(storage: Storage):
    mail, video = put(storage, "mail"), put(storage, "video")
    put(storage, "audio")
    assert taken(take(storage, types=frozenset(["mail", "video"]), limit=5)) == [mail, video]
    assert take(storage, types=frozenset(["text"]), limit=5) == []
    assert take(storage, types=frozenset(), limit=5) == []


def test_a_new_type_is_found_by_who_has_looked_already(storage: Storage, other: Storage):
    """A lane that is added later, by another process, is seen by the next claim."""
    assert take(storage) == []
    put(other, "brand-new")
    assert take_one(storage).type == "brand-new"


def test_an_unknown_worker_is_registered(storage: Storage):
    put(storage)
    take(storage, "worker-9", capabilities={"cpu": 8})
    worker = storage.worker("worker-9")
    assert worker is not None
    assert worker.capabilities == '{"cpu": 8}'


def test_an_unknown_worker_can_be_left_unregistered(storage: Storage):
    """As a worker process asks that was removed while it ran."""
    put(storage)
    take(storage, "worker-9", register_unknown=False)
    assert storage.workers() == []


def test_a_claim_is_no_beat(storage: Storage, clock: MovableClock):
    """And leaves the capabilities of a known worker as they are."""
    storage.register("worker-1", '{"cpu": 8}')
    beat = clock.now()
    clock.advance(10)
    take(storage, "worker-1", capabilities={"gpu": True})
    worker = storage.worker("worker-1")
    assert worker is not None
    assert (worker.capabilities, worker.heartbeat_utc) == ('{"cpu": 8}', beat)


def test_an_exchange_finishes_and_claims_together(storage: Storage):
    first, second = put(storage), put(storage)
    claim = take_one(storage)
    held, claims = storage.exchange(
        [Outcome(claim=claim, status=TaskStatus.COMPLETED)], ClaimRequest(worker_id="worker-1")
    )
    assert (held, taken(claims)) == ([True], [second])
    assert status(storage, first) == "completed"


def test_an_exchange_without_a_wish_claims_nothing(storage: Storage):
    put(storage)
    put(storage)
    held, claims = storage.exchange([Outcome(claim=take_one(storage), status=TaskStatus.QUEUED)], None)
    assert (held, claims) == ([True], [])


def test_a_held_task_is_not_claimed(storage: Storage):
    """Its concurrency key has no free place."""
    held, free = put(storage), put(storage)
    storage.execute("UPDATE task_queue SET held = 1 WHERE id = ?", (held,))
    assert taken(take(storage, limit=5)) == [free]
    storage.execute("UPDATE task_queue SET held = 0 WHERE id = ?", (held,))
    assert taken(take(storage, limit=5)) == [held]


def test_attempts_are_counted_when_claimed(storage: Storage):
    put(storage)
    for attempt in (1, 2, 3):
        claim = take_one(storage)
        assert claim.attempts == attempt
        end(storage, claim, TaskStatus.SCHEDULED, error="again")
        storage.promote(10)
