"""The bell that wakes one thread."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from musterq.worker.bell import Bell


def test_a_ring_ends_a_sleep() -> None:
    """Whoever sleeps without a limit is woken by another thread."""
    bell = Bell()
    sleeper = threading.Thread(target=bell.wait)
    sleeper.start()
    bell.wake()
    sleeper.join(10)
    assert not sleeper.is_alive()


def test_a_ring_before_the_sleep_is_not_lost() -> None:
    """The next wait returns at once, although nobody rings any more."""
    bell = Bell()
    bell.wake()
    bell.wait()


def test_several_rings_are_one() -> None:
    """The second wait sleeps its time: nothing rang since the first returned."""
    bell = Bell()
    bell.wake()
    bell.wake()
    bell.wait()
    started = time.monotonic()
    bell.wait(0.05)
    assert time.monotonic() - started >= 0.05


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="a signal that a timer sends is POSIX")
def test_a_signal_handler_may_ring_while_the_same_thread_sleeps() -> None:
    """A handler that interrupts the sleep ends it."""
    bell = Bell()
    before = signal.signal(signal.SIGALRM, lambda *_: bell.wake())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        bell.wait()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
