"""Errors of a handler, and what becomes of the task."""

from itertools import pairwise

import pytest

from musterq.database import QueueDatabase
from musterq.errors import Cancel, PermanentError, Retry, TaskFailedError
from musterq.models import RetryPolicy
from musterq.queue.task_queue import TaskQueue
from tests.support import MovableClock

STEADY = RetryPolicy(initial_seconds=10, factor=2, jitter=0)


def test_an_error_is_tried_again_until_it_works(queue: TaskQueue, clock: MovableClock):
    """The task waits as its policy says, then runs again; its error is on it in the meantime."""
    attempts = []

    @queue.task(type="fetch", retry=STEADY)
    def fetch() -> str:
        attempts.append(clock.time())
        if len(attempts) < 3:
            raise ConnectionError("refused")
        return "page"

    handle = fetch.enqueue()
    queue.drain()
    assert (handle.status(), handle.get().error_message) == ("scheduled", "ConnectionError: refused")
    for seconds in (10, 20):
        clock.advance(seconds + 0.001)
        queue.drain()
    assert handle.wait(0) == "page"
    assert [round(b - a) for a, b in pairwise(attempts)] == [10, 20]


def test_when_its_attempts_are_used_up_a_task_has_failed(queue: TaskQueue, clock: MovableClock):
    """Whoever waits for it gets the error."""

    @queue.task(type="fetch", max_attempts=2, retry=STEADY)
    def fetch() -> None:
        raise ConnectionError("refused")

    handle = fetch.enqueue()
    for _ in range(2):
        queue.drain()
        clock.advance(11)
    assert handle.status() == "failed"
    with pytest.raises(TaskFailedError, match=r"task \d+ \(fetch\) failed in attempt 2 of 2: ConnectionError: refused"):
        handle.wait(0)


def test_each_attempt_that_failed_is_kept_with_its_traceback(queue: TaskQueue):
    """From the handler's own line on."""

    @queue.task(type="fetch")
    def fetch() -> None:
        raise ConnectionError("refused")

    handle = fetch.enqueue()
    queue.drain()
    rows = queue.database.execute("SELECT * FROM task_attempts WHERE task_id = ?", (handle.id,)).fetchall()
    assert len(rows) == 1
    kept = " ".join(str(value) for value in tuple(rows[0]))
    assert 'raise ConnectionError("refused")' in kept
    assert "running.py" not in kept


def test_a_permanent_error_is_not_tried_again(queue: TaskQueue):
    """However many attempts are left."""

    @queue.task(type="read")
    def read() -> None:
        raise PermanentError("no such file: a.png")

    handle = read.enqueue()
    queue.drain()
    assert (handle.status(), handle.get().error_message) == ("failed", "no such file: a.png")


def test_a_handler_may_say_when_to_try_again(queue: TaskQueue, clock: MovableClock):
    """``Retry(in_=...)``, in seconds; it counts as an attempt."""

    @queue.task(type="fetch", max_attempts=2)
    def fetch() -> None:
        raise Retry("the server asks to wait", in_=3600)

    handle = fetch.enqueue()
    queue.drain()
    clock.advance(3599)
    assert queue.drain() == 0
    clock.advance(2)
    assert queue.drain() == 1
    assert (handle.status(), handle.get().error_message) == ("failed", "the server asks to wait")


def test_a_handler_may_cancel_its_task(queue: TaskQueue):
    """It ends as cancelled, without a retry."""

    @queue.task(type="fetch")
    def fetch() -> None:
        raise Cancel("the account was closed")

    handle = fetch.enqueue()
    queue.drain()
    assert handle.status() == "cancelled"
    with pytest.raises(TaskFailedError, match="was cancelled"):
        handle.wait(0)


def test_a_failed_task_is_retried_by_hand(queue: TaskQueue):
    """As if it were new: its attempts are counted from zero."""
    broken = [True]

    @queue.task(type="fetch", max_attempts=1)
    def fetch() -> str:
        if broken[0]:
            raise ConnectionError("refused")
        return "page"

    handle = fetch.enqueue()
    queue.drain()
    broken[0] = False
    assert queue.retry(handle.id)
    assert (handle.status(), handle.get().attempts) == ("queued", 0)
    queue.drain()
    assert handle.wait(0) == "page"


def test_a_retry_by_hand_can_be_delayed(queue: TaskQueue, clock: MovableClock):
    """By seconds."""
    handle = queue.enqueue("fetch")
    queue.cancel(handle.id)
    assert queue.retry(handle.id, delay=30)
    assert queue.claim("worker-01") == []
    clock.advance(31)
    assert len(queue.claim("worker-01")) == 1


def test_only_a_finished_task_is_retried_by_hand(queue: TaskQueue):
    """A task that waits, or is not there, is left as it is."""
    assert not queue.retry(queue.enqueue("fetch").id)
    assert not queue.retry(12345)


@pytest.mark.parametrize("payload", ['{"file": "a.png"}', '["a.png"]', '"a.png"', "{}"])
def test_a_payload_that_does_not_fit_the_handler_fails_for_good(queue: TaskQueue, payload: str):
    """Such as another program may have put in: running it again would not help, and the error says what was asked."""

    @queue.task(type="thumbnail")
    def thumbnail(path: str) -> None: ...

    queue.find()  # the tables are there
    queue.database.execute("INSERT INTO task_queue (type, payload) VALUES ('thumbnail', ?)", (payload,))
    queue.drain()
    (task,) = queue.find()
    assert (task.status, task.attempts) == ("failed", 1)
    assert task.error_message is not None
    assert "does not fit the handler: " in task.error_message
    assert "path" in task.error_message


def test_a_result_that_is_not_json_fails_for_good(queue: TaskQueue):
    """It would not be JSON the next time either."""

    @queue.task(type="scan")
    def scan() -> set[str]:
        return {"a.png"}

    handle = scan.enqueue()
    queue.drain()
    assert handle.status() == "failed"
    with pytest.raises(TaskFailedError, match=r"result is not JSON.*set"):
        handle.wait(0)


def test_a_result_that_is_too_large_says_so(database: QueueDatabase):
    """The limit is the queue's own; what is within it is kept, whatever the usual limit is."""
    queue = TaskQueue(database, max_payload_bytes=2_000_000)

    @queue.task(type="scan")
    def scan(size: int) -> str:
        return "x" * size

    fits, large = scan.enqueue(1_500_000), scan.enqueue(2_500_000)
    queue.drain()
    assert len(fits.wait(0)) == 1_500_000
    with pytest.raises(TaskFailedError, match=r"result is too large.*2500002 bytes.*2000000"):
        large.wait(0)


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e12, 1e18, 10**40])
def test_a_time_to_try_again_that_cannot_be_is_refused(seconds: float):
    """Where the handler says it, and so as an error like others."""
    with pytest.raises(ValueError, match=r"Retry\(in_=.*100 years"):
        Retry(in_=seconds)


@pytest.mark.parametrize("seconds", ["60", True, [60]])
def test_a_time_to_try_again_is_a_number(seconds: object):
    """Of seconds."""
    with pytest.raises(TypeError, match=r"Retry\(in_=.*a number of seconds"):
        Retry(in_=seconds)  # type: ignore[arg-type]


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (ValueError("x" * 100_000), "ValueError: xxx"),
        (ValueError("half a pair: \ud800, and \0"), "ValueError: half a pair: \\ud800, and \\x00"),
        (UnspeakableError(), "UnspeakableError: (its message cannot be shown"),
        (KeyError(), "KeyError"),
    ],
    ids=["long", "no text", "unspeakable", "silent"],
)
def test_any_error_can_be_kept(queue: TaskQueue, error: Exception, kept: str):
    """Whatever its message is made of; at most some 2,000 characters of it."""

    @queue.task(type="work")
    def work() -> None:
        raise error

    handle = work.enqueue()
    queue.drain()
    message = handle.get().error_message
    assert message is not None
    assert message.startswith(kept)
    assert len(message) < 2100
