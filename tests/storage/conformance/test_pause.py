"""A paused type is not claimed until it is resumed."""

from __future__ import annotations

import pytest

from musterq.models import SchedulingStrategy, TaskStatus
from musterq.storage.base import Storage
from tests.storage.making import end, put, status, take, take_one, taken


@pytest.mark.parametrize("strategy", SchedulingStrategy)
def test_a_paused_type_is_passed_over(storage: Storage, strategy: SchedulingStrategy):
    mail, video = put(storage, "mail"), put(storage, "video")
    storage.pause("mail")
    assert taken(take(storage, strategy=strategy, limit=5)) == [video]
    assert status(storage, mail) == "queued"


def test_a_resumed_type_is_claimed_again(storage: Storage):
    mail = put(storage, "mail")
    storage.pause("mail")
    assert take(storage) == []
    assert storage.resume("mail")
    assert taken(take(storage)) == [mail]


def test_a_pause_by_another_process_counts_from_the_next_claim_on(storage: Storage, other: Storage):
    mail, second = put(storage, "mail"), put(storage, "mail")
    assert taken(take(storage)) == [mail]
    other.pause("mail")
    assert take(storage) == []
    other.resume("mail")
    assert taken(take(storage)) == [second]


def test_running_tasks_go_on(storage: Storage):
    put(storage, "mail")
    claim = take_one(storage)
    storage.pause("mail")
    assert storage.extend(claim, 60)
    assert end(storage, claim, TaskStatus.COMPLETED)


def test_tasks_are_taken_in_while_paused(storage: Storage):
    """In every lane of the type, also one that is added later."""
    storage.pause("mail")
    first = put(storage, "mail")
    second = put(storage, "mail", compatibility='{"gpu": true}')
    assert take(storage, capabilities={"gpu": True}, limit=5) == []
    storage.resume("mail")
    assert taken(take(storage, capabilities={"gpu": True}, limit=5)) == [first, second]


def test_paused_types_are_listed_in_order(storage: Storage):
    for type in ("video", "mail", "video"):
        storage.pause(type)
    assert storage.paused_types() == ["mail", "video"]
    assert storage.resume("video")
    assert not storage.resume("video")
    assert storage.paused_types() == ["mail"]


def test_a_type_without_tasks_can_be_paused(storage: Storage):
    storage.pause("mail")
    put(storage, "mail")
    assert take(storage) == []
