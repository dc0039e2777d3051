"""Calls that a signal handler makes while it interrupts another call of its thread."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from musterq.errors import QueueDatabaseError
from musterq.models import ClaimRequest, NewTask, Outcome, TaskFilter, TaskStatus
from musterq.storage.sqlite import reentry
from musterq.storage.sqlite.engine import SQLiteStorage
from tests.storage.making import FACTS, put, take_one
from tests.storage.sqlite.soundness import check_soundness


class Exit(BaseException):
    """What a handler raises that ends its process."""


class Calls:
    """Verbs, and what they did in which order."""

    def __init__(self) -> None:
        self.done: list[str] = []

    @reentry.verb
    def call(self, name: str, inside: Callable[[], object] = lambda: None) -> bool:
        interrupts = reentry.interrupts_another_call()
        inside()
        self.done.append(name)
        return interrupts

    def note(self, name: str) -> Callable[[], None]:
        return lambda: self.done.append(name)


@pytest.fixture
def calls() -> Calls:
    return Calls()


def test_a_call_alone_interrupts_nothing(calls: Calls) -> None:
    """Nor does one after another."""
    assert not calls.call("one")
    assert not calls.call("two")


def test_a_call_within_another_does(calls: Calls) -> None:
    """At any depth."""
    assert not calls.call("outer", lambda: calls.done.append(str(calls.call("inner"))))
    assert calls.done == ["inner", "True", "outer"]


def test_what_was_deferred_is_done_when_the_outermost_call_unwinds(calls: Calls) -> None:
    """In its order, and once."""

    def inner() -> None:
        reentry.defer(calls.note("deferred 1"))
        calls.call("innermost", lambda: reentry.defer(calls.note("deferred 2")))

    calls.call("outer", lambda: calls.call("inner", inner))
    calls.call("next")
    assert calls.done == ["innermost", "inner", "outer", "deferred 1", "deferred 2", "next"]


def test_it_is_done_although_the_handler_raises(calls: Calls) -> None:
    """The exception goes on afterwards."""

    def handle() -> None:
        reentry.defer(calls.note("deferred"))
        raise Exit

    with pytest.raises(Exit):
        calls.call("outer", lambda: calls.call("inner", handle))
    assert calls.done == ["deferred"]


def test_what_is_deferred_meanwhile_is_done_too(calls: Calls) -> None:
    """By a handler that comes while the first handler's wish is being done."""
    calls.call("outer", lambda: reentry.defer(lambda: reentry.defer(calls.note("second"))))
    assert calls.done == ["outer", "second"]


def test_an_error_in_what_was_deferred_is_logged(calls: Calls, caplog: pytest.LogCaptureFixture) -> None:
    """It has no caller any more; the interrupted call and the other wishes are not concerned."""

    def inside() -> None:
        reentry.defer(lambda: 1 // 0)
        reentry.defer(calls.note("next"))

    calls.call("outer", inside)
    assert calls.done == ["outer", "next"]
    assert "ZeroDivisionError" in caplog.text


def test_other_threads_are_other_calls(calls: Calls) -> None:
    """A call of another thread is not interrupted by this one."""
    answers: list[bool] = []

    def inside() -> None:
        thread = threading.Thread(target=lambda: answers.append(calls.call("other")))
        thread.start()
        thread.join()

    calls.call("outer", inside)
    assert answers == [False]


class AtPoint:
    """Runs a handler at the n-th point of a verb at which a signal handler may run (see test_group_commit)."""

    def __init__(self, n: int, handler: Callable[[], None]) -> None:
        self.left = n
        self._handler = handler
        self._folder = str(Path(reentry.__file__).parent)

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event in ("call", "c_return") and frame.f_code.co_filename.startswith(self._folder):
            self.left -= 1
            if self.left == 0:
                sys.setprofile(None)
                self._handler()


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SQLiteStorage]:
    storage = SQLiteStorage(str(tmp_path / "queue.db"))
    storage.initialize_schema()
    yield storage
    check_soundness(storage.location)
    storage.close()


def transact(storage: SQLiteStorage) -> None:
    with storage.transaction() as transaction:
        transaction.execute("INSERT INTO task_queue (type, payload) VALUES ('plain', '{}')")


def enqueue_within_a_transaction(storage: SQLiteStorage) -> None:
    with storage.transaction():
        put(storage)


def finish(storage: SQLiteStorage) -> None:
    put(storage)
    claim = take_one(storage, "other")
    storage.finish([Outcome(claim=claim, status=TaskStatus.COMPLETED)])


VERBS: dict[str, Callable[[SQLiteStorage], object]] = {
    "enqueue": put,
    "enqueue many": lambda storage: storage.enqueue([NewTask(type="t", payload="1")] * 3),
    "claim and finish": finish,
    "claim nothing": lambda storage: storage.claim(ClaimRequest(worker_id="other")),
    "register": lambda storage: storage.register("other", "{}", FACTS),
    "heartbeat": lambda storage: storage.heartbeat("other"),
    "remove worker": lambda storage: storage.remove_worker("other"),
    "get": lambda storage: storage.get(1),
    "find": lambda storage: storage.find(TaskFilter()),
    "cancel": lambda storage: storage.cancel(1),
    "retry": lambda storage: storage.retry(1),
    "pause": lambda storage: storage.pause("t"),
    "resume": lambda storage: storage.resume("t"),
    "promote": lambda storage: storage.promote(10),
    "rescue": lambda storage: storage.rescue_expired(),
    "metrics": lambda storage: storage.metrics(),
    "activity": lambda storage: storage.worker_activity(),
    "transaction": transact,
    "enqueue within a transaction": enqueue_within_a_transaction,
    "execute": lambda storage: storage.execute("SELECT 1").fetchone(),
    "execute many": lambda storage: storage.execute_many("DELETE FROM task_queue WHERE id = ?", [(1,), (2,)]),
}


@pytest.mark.parametrize("exits", [False, True], ids=["returns", "exits"])
@pytest.mark.parametrize("verb", VERBS)
def test_a_handler_that_removes_its_worker(storage: SQLiteStorage, verb: str, exits: bool) -> None:  # noqa: FBT001
    """At any point of any verb: it is answered at once, the worker is gone afterwards, and the queue is usable."""
    VERBS[verb](storage)  # connections are open, statements known
    n = 0
    while True:
        n += 1
        storage.register("w1", "{}")
        answers: list[bool] = []

        def handle(answers: list[bool] = answers) -> None:
            answers.append(storage.remove_worker("w1"))
            if exits:
                raise Exit

        before = sys.getprofile()
        at_point = AtPoint(n, handle)
        sys.setprofile(at_point)
        try:
            VERBS[verb](storage)
        except Exit:
            assert exits
        finally:
            sys.setprofile(before)
        if at_point.left > 0:
            break
        assert answers == [True], f"point {n}"
        assert storage.worker("w1") is None, f"point {n}"
        assert not reentry.is_inside(threading.get_ident())
        assert not storage.connection().in_transaction
    assert n > 5
    put(storage)


@pytest.mark.parametrize("exits", [False, True], ids=["returns", "exits"])
def test_a_handler_that_writes(storage: SQLiteStorage, exits: bool) -> None:  # noqa: FBT001
    """It is refused where it interrupted a write, and told what to do; it never waits for itself."""
    put(storage)
    refused = 0
    for n in itertools.count(1):
        done: list[str] = []

        def handle(n: int = n, done: list[str] = done) -> None:
            try:
                put(storage, payload=f'"handler-{n}"')
                done.append("handler")
            except QueueDatabaseError as error:
                done.append(str(error))
            if exits:
                raise Exit

        before = sys.getprofile()
        at_point = AtPoint(n, handle)
        sys.setprofile(at_point)
        try:
            put(storage, payload=f'"call-{n}"')
        except Exit:
            assert exits
        finally:
            sys.setprofile(before)
        if at_point.left > 0:
            break
        payloads = [task.payload for task in storage.find(TaskFilter(limit=2))]
        assert (f'"handler-{n}"' in payloads) is (done == ["handler"])
        assert exits or f'"call-{n}"' in payloads
        refused += "interrupted a write of its own thread" in done[0]
    assert refused > 5
