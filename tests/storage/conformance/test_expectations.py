"""How many workers of which kind are meant to be at work, and who went last."""

from __future__ import annotations

import pytest

from musterq.models import WorkerFacts
from musterq.observations import Expectation, Gone, Turnout
from musterq.records import Pulse
from musterq.storage.base import Storage
from tests.storage.engines import PlainSQL
from tests.storage.making import put
from tests.support import MovableClock

GPU = '{"gpu": true}'


def expect(storage: Storage, count: int = 2, name: str = "images", **kind: object) -> None:
    storage.expect_workers(Expectation(name=name, count=count, **kind))  # type: ignore[arg-type]


def turnout(storage: Storage) -> Turnout:
    (found,) = storage.expectations()
    return found


def last(storage: Storage) -> Gone:
    gone = turnout(storage).last
    assert gone is not None
    return gone


def start(storage: Storage, worker: str = "worker-1", capabilities: str = "{}", types: tuple[str, ...] = ()) -> None:
    """A worker process, which beats every 10 seconds."""
    known = WorkerFacts(host=f"host-of-{worker}", pid=4711, beat_seconds=10.0, types=types or None)
    storage.register(worker, capabilities, known)


def test_nothing_is_expected_at_first(storage: Storage):
    assert storage.expectations() == []


def test_an_expectation_counts_who_is_alive(storage: Storage):
    expect(storage)
    assert (turnout(storage).alive, turnout(storage).missing, turnout(storage).last) == (0, 2, None)
    start(storage)
    assert (turnout(storage).alive, turnout(storage).missing) == (1, 1)
    storage.register("by-api", "{}")
    start(storage, "worker-2")
    assert (turnout(storage).alive, turnout(storage).missing) == (3, 0)


def test_an_expectation_is_replaced_and_forgotten(storage: Storage):
    expect(storage, 2, types=("mail",))
    expect(storage, 3, capabilities=GPU)
    assert turnout(storage).expectation == Expectation(name="images", count=3, capabilities=GPU)
    assert storage.forget_expectation("images")
    assert storage.expectations() == []
    assert not storage.forget_expectation("images")


def test_they_come_by_name(storage: Storage):
    for name in ("b", "a", "c"):
        expect(storage, name=name)
    assert [found.expectation.name for found in storage.expectations()] == ["a", "b", "c"]


def test_only_who_handles_all_the_types_counts(storage: Storage):
    """One that was registered by API handles every type, as far as is known."""
    expect(storage, types=("mail", "video"))
    start(storage, "worker-1", types=("mail",))
    start(storage, "worker-2", types=("mail", "report", "video"))
    storage.register("by-api", "{}")
    assert turnout(storage).alive == 2


def test_only_who_satisfies_what_is_required_counts(storage: Storage):
    expect(storage, capabilities='{"cpu": {"min": 4}, "gpu": true}')
    start(storage, "worker-1", '{"cpu": 8}')
    start(storage, "worker-2", '{"cpu": 8, "gpu": true}')
    start(storage, "worker-3", '{"cpu": 2, "gpu": true}')
    assert turnout(storage).alive == 1


def test_nobody_satisfies_what_means_nothing(storage: Storage, sql: PlainSQL):
    """Plain SQL put it in."""
    start(storage)
    sql.execute("INSERT INTO worker_expectations (name, count, capabilities) VALUES ('images', 1, '[]')")
    assert turnout(storage).alive == 0


@pytest.mark.parametrize("state", ["draining", "wedged"])
def test_one_that_takes_nothing_is_missing_since_it_says_so(storage: Storage, clock: MovableClock, state: str):
    expect(storage)
    start(storage)
    clock.advance(5)
    since = clock.text()
    pulse = Pulse(state=state, reason="because of that", since=clock.time())
    clock.advance(5)
    storage.heartbeat("worker-1", pulse)
    assert turnout(storage).alive == 0
    assert last(storage) == Gone(
        worker_id="worker-1", host="host-of-worker-1", reason="because of that", last_seen_utc=since
    )


def test_a_silent_one_was_well_when_it_beat_last(storage: Storage, clock: MovableClock):
    expect(storage)
    start(storage)
    beaten = clock.text()
    clock.advance(31)
    assert turnout(storage).alive == 0
    assert last(storage).last_seen_utc == beaten
    assert last(storage).reason.startswith("no beat for 31 s")


def test_a_dead_one_is_missing_and_stays_known_when_it_is_removed(storage: Storage, clock: MovableClock):
    expect(storage)
    lock = storage.liveness_lock("worker-1")
    start(storage)
    beaten = clock.text()
    clock.advance(2)
    lock.release(forgotten=False)
    assert turnout(storage).alive == 0
    assert (last(storage).worker_id, last(storage).last_seen_utc) == ("worker-1", beaten)
    assert "its process is dead" in last(storage).reason
    storage.remove_worker("worker-1")
    assert last(storage) == Gone(
        worker_id="worker-1",
        host="host-of-worker-1",
        reason="its process died: its liveness lock is free",
        last_seen_utc=beaten,
    )


def test_how_its_process_died_is_told(storage: Storage):
    """By whoever started it."""
    expect(storage)
    lock = storage.liveness_lock("worker-1")
    start(storage)
    lock.release(forgotten=False)
    storage.rescue_expired()
    storage.note_death("worker-1", "was killed by SIGKILL")
    words = "its process died: its liveness lock is free; it was killed by SIGKILL"
    assert last(storage).reason == words
    storage.remove_worker("worker-1")
    assert last(storage).reason == words


def test_one_that_left_of_its_own_accord_says_why(storage: Storage, clock: MovableClock):
    """When it left, not when it beat last."""
    expect(storage)
    start(storage)
    clock.advance(5)
    storage.remove_worker("worker-1", left="it stopped (asked)")
    assert last(storage) == Gone(
        worker_id="worker-1", host="host-of-worker-1", reason="it stopped (asked)", last_seen_utc=clock.text()
    )


def test_one_that_somebody_removed(storage: Storage, sql: PlainSQL):
    """By the verb, or by plain SQL."""
    expect(storage)
    start(storage)
    storage.register("by-api", "{}")
    storage.remove_worker("worker-1")
    assert (last(storage).worker_id, last(storage).reason) == ("worker-1", "it was removed")
    sql.execute("DELETE FROM workers")
    gone = last(storage)
    assert (gone.worker_id, gone.host, gone.reason) == ("by-api", None, "it was removed")


def test_stale_ones_that_were_removed_together(storage: Storage, clock: MovableClock):
    expect(storage)
    storage.register("by-api", "{}")
    beaten = clock.text()
    clock.advance(601)
    storage.remove_stale(600)
    assert (last(storage).reason, last(storage).last_seen_utc) == ("it was removed", beaten)


def test_who_is_back_is_not_gone(storage: Storage, sql: PlainSQL):
    expect(storage)
    start(storage)
    storage.remove_worker("worker-1")
    start(storage)
    assert (turnout(storage).alive, turnout(storage).last) == (1, None)
    sql.execute("DELETE FROM workers")
    sql.execute("INSERT INTO workers (worker_id) VALUES ('worker-1')")
    assert turnout(storage).last is None


@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_a_worker_that_is_replaced_is_not_gone(storage: Storage, sql: PlainSQL, recursive: str):
    """Older programs beat so."""
    expect(storage)
    start(storage)
    sql.execute(f"PRAGMA recursive_triggers = {recursive}")
    sql.execute("INSERT OR REPLACE INTO workers (worker_id, capabilities) VALUES ('worker-1', '{}')")
    assert (turnout(storage).alive, turnout(storage).last) == (1, None)


def test_the_last_one_is_the_one_that_was_seen_last(storage: Storage, clock: MovableClock):
    """Among those that left and those that are still on the roll."""
    expect(storage)
    start(storage, "wedged")
    start(storage, "left-first")
    start(storage, "left-later")
    for worker in ("left-first", "left-later"):
        clock.advance(1)
        storage.remove_worker(worker, left="it stopped (asked)")
    assert last(storage).worker_id == "left-later"
    clock.advance(1)
    storage.heartbeat("wedged", Pulse(state="wedged", reason="it is stuck", since=clock.time()))
    assert last(storage).worker_id == "wedged"


def test_only_who_would_have_counted_is_told(storage: Storage):
    expect(storage, types=("video",), capabilities=GPU)
    start(storage, "a", GPU, types=("video",))
    start(storage, "b", GPU, types=("mail",))
    start(storage, "c", "{}", types=("video",))
    for worker in ("a", "b", "c"):
        storage.remove_worker(worker, left="it stopped (asked)")
    assert last(storage).worker_id == "a"


def test_only_the_newest_thousand_departures_are_kept(storage: Storage, sql: PlainSQL):
    sql.execute_many("INSERT INTO workers (worker_id) VALUES (?)", [(f"w{n:04}",) for n in range(1100)])
    sql.execute("DELETE FROM workers WHERE worker_id < 'w0100'")
    sql.execute("DELETE FROM workers")
    kept = storage.execute("SELECT count(*), min(worker_id) FROM worker_departures").fetchall()
    assert tuple(kept[0]) == (1000, "w0100")


def test_a_removal_that_is_undone_leaves_no_trace(storage: Storage, sql: PlainSQL):
    expect(storage)
    start(storage)
    sql.execute("BEGIN")
    sql.execute("DELETE FROM workers")
    sql.execute("ROLLBACK")
    assert (turnout(storage).alive, turnout(storage).last) == (1, None)


def test_a_removal_within_a_transaction_keeps_what_it_was_told(storage: Storage):
    expect(storage)
    start(storage)
    with storage.transaction():
        put(storage)
        storage.remove_worker("worker-1", left="it stopped (asked)")
    assert last(storage).reason == "it stopped (asked)"
