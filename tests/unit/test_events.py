"""What happens is told to whoever subscribed, and to nobody's harm."""

import logging
from collections.abc import Mapping

import pytest

from musterq.events import Events


def test_every_subscriber_is_told_in_order():
    """With the name of the event and its facts."""
    events, told = Events(), []
    events.subscribe(lambda name, facts: told.append(("first", name, dict(facts))))
    events.subscribe(lambda name, facts: told.append(("second", name, dict(facts))))
    events.emit("claimed", task_id=7)
    assert told == [("first", "claimed", {"task_id": 7}), ("second", "claimed", {"task_id": 7})]


def test_an_event_without_subscribers_goes_nowhere():
    """Nothing has to listen."""
    assert Events().emit("claimed", task_id=7) is None


def test_who_unsubscribed_is_told_nothing_more():
    """The others are; a second call changes nothing."""
    events, told = Events(), []
    unsubscribe = events.subscribe(lambda name, _facts: told.append(("gone", name)))
    events.subscribe(lambda name, _facts: told.append(("here", name)))
    unsubscribe()
    unsubscribe()
    events.emit("claimed")
    assert told == [("here", "claimed")]


def test_a_subscriber_may_unsubscribe_while_it_is_told():
    """It hears of one event only, and no neighbour is skipped."""
    events, told = Events(), []

    def once(name: str, _facts: Mapping[str, object]):
        told.append(("once", name))
        unsubscribe()

    unsubscribe = events.subscribe(once)
    events.subscribe(lambda name, _facts: told.append(("always", name)))
    events.emit("a")
    events.emit("b")
    assert told == [("once", "a"), ("always", "a"), ("always", "b")]


def test_a_subscriber_that_fails_is_logged_and_harms_nobody(caplog: pytest.LogCaptureFixture):
    """Neither the code in which it happened nor the next subscriber notices."""
    events, told = Events(), []

    def broken(_name: str, _facts: Mapping[str, object]):
        raise RuntimeError("no disk")

    events.subscribe(broken)
    events.subscribe(lambda name, _facts: told.append(name))
    with caplog.at_level(logging.ERROR, "musterq"):
        events.emit("claimed")
    assert told == ["claimed"]
    assert "a subscriber of the event claimed failed" in caplog.text
    assert "no disk" in caplog.text
