"""Sleeping until the queue changes. Each wait here is far longer than its test may take."""

from __future__ import annotations

import threading
import time

import pytest

from musterq.storage.base import Storage, Waiter
from tests.storage.engines import PlainSQL
from tests.storage.making import put

LONG = 50.0


@pytest.fixture
def waiter(storage: Storage):
    waiter = storage.waiter()
    yield waiter
    waiter.close()


@pytest.fixture
def watched(storage: Storage, waiter: Waiter) -> Waiter:
    """A waiter of an engine that is told of changes."""
    if not storage.can_notify:
        pytest.skip("this engine is not told of changes")
    return waiter


def in_thread(waiter: Waiter) -> threading.Thread:
    thread = threading.Thread(target=waiter.wait, args=(LONG,), daemon=True)
    thread.start()
    return thread


def ends_soon(thread: threading.Thread) -> bool:
    thread.join(20)
    return not thread.is_alive()


def test_a_wait_ends_when_its_time_is_over(waiter: Waiter):
    began = time.monotonic()
    waiter.wait(0.01)
    waiter.wait(0)
    assert time.monotonic() - began < 20


def test_a_new_task_ends_the_wait(storage: Storage, watched: Waiter):
    thread = in_thread(watched)
    put(storage)
    assert ends_soon(thread)


def test_a_new_task_of_another_process_ends_the_wait(other: Storage, watched: Waiter):
    thread = in_thread(watched)
    put(other)
    assert ends_soon(thread)


def test_plain_sql_ends_the_wait(sql: PlainSQL, watched: Waiter):
    thread = in_thread(watched)
    sql.execute("INSERT INTO task_queue (type, payload) VALUES ('mail', '{}')")
    assert ends_soon(thread)


def test_what_came_before_the_wait_ends_it_at_once(storage: Storage, watched: Waiter):
    """Nothing is missed between looking and sleeping."""
    put(storage)
    assert ends_soon(in_thread(watched))


def test_whoever_waits_can_be_woken(waiter: Waiter):
    thread = in_thread(waiter)
    waiter.wake()
    assert ends_soon(thread)


def test_a_wake_before_the_wait_counts(waiter: Waiter):
    waiter.wake()
    waiter.wake()
    assert ends_soon(in_thread(waiter))


def test_two_waiters_are_both_woken(storage: Storage, watched: Waiter):
    second = storage.waiter()
    threads = [in_thread(watched), in_thread(second)]
    put(storage)
    assert all(ends_soon(thread) for thread in threads)
    second.close()


def test_closing_twice_is_allowed(storage: Storage):
    waiter = storage.waiter()
    waiter.close()
    waiter.close()
