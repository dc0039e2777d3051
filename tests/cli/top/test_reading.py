"""What is read is read again when it is old, and when it is cheap enough."""

import time

import pytest

from musterq.cli.top.reading import Reading
from musterq.errors import QueueDatabaseError


def test_what_was_just_read_is_not_read_again():
    """Until it is as old as it may be."""
    seen: list[str] = []
    reading = Reading(seen.append, seconds=60, share=0.5)
    reading.look("a")
    reading.look("a")
    assert seen == ["a"]
    assert 59 < reading.wait("a") <= 60


def test_what_is_asked_anew_is_read_at_once():
    """Somebody waits for it."""
    reading = Reading(str.upper, seconds=60, share=0.5)
    reading.look("a")
    assert reading.wait("b") == 0
    reading.look("b")
    assert reading.value == "B"


def test_what_was_changed_is_read_at_once():
    """By a key, say."""
    reading = Reading(str.upper, seconds=60, share=0.5)
    reading.look("a")
    reading.forget()
    assert reading.wait("a") == 0


def test_what_takes_long_is_read_less_often():
    """So that it keeps to its share of a core."""

    def work(_: None) -> None:
        begun = time.thread_time()
        while time.thread_time() < begun + 0.02:
            pass

    reading = Reading(work, seconds=0.1, share=0.001)
    reading.look(None)
    assert reading.wait(None) > 15


def test_a_fault_leaves_what_was_read():
    """What is asked for is tried again."""

    def read(asked: str) -> str:
        if asked == "b":
            raise QueueDatabaseError("it is away")
        return asked

    reading = Reading(read, seconds=0.1, share=0.5)
    reading.look("a")
    with pytest.raises(QueueDatabaseError):
        reading.look("b")
    assert (reading.value, reading.asked) == ("a", "a")
    assert reading.wait("b") == 0
