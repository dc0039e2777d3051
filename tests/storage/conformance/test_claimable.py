"""How much work waits that a worker of some kind could claim."""

from __future__ import annotations

from musterq.models import ClaimRequest, NewTask
from musterq.records import TypeLimit
from musterq.storage.base import Storage


def add(storage: Storage, type: str, compatibility: str = "{}", count: int = 1) -> None:
    storage.enqueue([NewTask(type=type, payload="{}", compatibility=compatibility)] * count)


def test_types_and_capabilities_decide(storage: Storage) -> None:
    """As they do in a claim."""
    add(storage, "mail", count=3)
    add(storage, "render", '{"gpu": true}', count=2)
    assert storage.claimable(None, {}) == 3
    assert storage.claimable(None, {"gpu": True}) == 5
    assert storage.claimable(frozenset({"render"}), {"gpu": True}) == 2
    assert storage.claimable(frozenset({"render"}), {}) == 0


def test_what_runs_or_is_paused_does_not_wait(storage: Storage) -> None:
    """Nor what is over."""
    add(storage, "mail", count=3)
    storage.claim(ClaimRequest(worker_id="w1"))
    assert storage.claimable(None, {}) == 2
    storage.pause("mail")
    assert storage.claimable(None, {}) == 0
    storage.resume("mail")
    assert storage.claimable(None, {}) == 2


def test_a_limited_type_counts_as_far_as_there_is_room(storage: Storage) -> None:
    """More workers could not claim more of it."""
    add(storage, "mail", count=5)
    add(storage, "report")
    storage.set_limit("mail", TypeLimit(max_running=2))
    assert storage.claimable(None, {}) == 3
    storage.claim(ClaimRequest(worker_id="w1", types=frozenset({"mail"})))
    assert storage.claimable(None, {}) == 2
