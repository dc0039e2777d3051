"""What happened is kept by minute, hour, day and for ever, and how the queue was is looked at once a minute."""

from __future__ import annotations

from musterq.models import TaskStatus, WorkerFacts
from musterq.observations import HistoryRange
from musterq.storage.base import Storage
from tests.storage.conformance.history_reading import DAY, HOUR, MINUTE, everything, happened, in_all, steps
from tests.storage.making import end, put, take, take_one
from tests.support import MovableClock

S = TaskStatus


# -- the history ------------------------------------------------------------------------------------------------------
def test_what_happened_by_step(storage: Storage, clock: MovableClock):
    """In the minute, hour and day in which it was written."""
    for n in (1, 2, 3):
        for _ in range(n):
            put(storage)
        put(storage, "video")
        clock.advance(MINUTE)
    assert steps(storage, "enqueued", "minute", 4) == [2, 3, 4, 0]
    assert steps(storage, "enqueued", "minute", 4, type="mail") == [1, 2, 3, 0]
    assert sum(steps(storage, "enqueued", "hour", 2)) == sum(steps(storage, "enqueued", "day", 2)) == 9


def test_a_step_of_many_minutes_is_their_sum(storage: Storage, clock: MovableClock):
    """By whatever minutes it begins, whether they are in the history or not yet."""
    start = int(clock.time()) // MINUTE * MINUTE
    for minute in range(10):
        put(storage)
        clock.advance(MINUTE)
        if minute == 6:
            storage.keep_history()
    within = HistoryRange(start=start, step_seconds=5 * MINUTE, steps=2, span="minute")
    assert [
        (cell.place, cell.tally.n) for cell in storage.history(["enqueued"], within, by_type=False, timed=False)
    ] == [(0, 5), (1, 5)]


def test_the_times_of_a_step(storage: Storage, clock: MovableClock):
    """Sum and buckets are merged."""
    for seconds in (1, 1, 30):
        put(storage)
        clock.advance(seconds)
        take_one(storage)
    storage.keep_history()
    now = int(clock.time()) // DAY * DAY
    within = HistoryRange(start=now - DAY, step_seconds=DAY, steps=2, span="day")
    cells = storage.history(["started"], within, by_type=True, timed=True)
    merged = {upper: n for cell in cells for upper, n in cell.tally.buckets.items()}
    assert sum(cell.tally.ms for cell in cells) == 32000
    assert merged == {1000: 2, 31500: 1}


def test_what_has_no_time_takes_no_times_away(storage: Storage, clock: MovableClock):
    """One that failed before it could start comes into the hour of one that failed after a while."""
    clock.set_wall_clock(HOUR / 2 - clock.time() % HOUR)
    put(storage)
    claim = take_one(storage)
    clock.advance(5)
    end(storage, claim, S.FAILED, error="no")
    before = storage.totals(by_type=True)["mail"]["failed"]
    for _ in range(2):
        clock.advance(MINUTE)
        storage.keep_history()
        put(storage, payload="{")
        assert take(storage) == []
    failed = storage.totals(by_type=True)["mail"]["failed"]
    assert (failed.n, failed.ms, failed.buckets) == (before.n + 2, before.ms, before.buckets)
    assert storage.verify() == []


def test_folding_changes_nothing_that_is_read(storage: Storage, clock: MovableClock):
    """Whoever does it, and however often; a claim does it, too."""
    for minute in range(5):
        for type in ("mail", "video"):
            put(storage, type)
            clock.advance(7 * minute)
        for claim in take(storage, limit=1 + minute % 2):
            end(storage, claim, S.FAILED if minute == 3 else S.COMPLETED, error="no")
        clock.advance(MINUTE)
    before = everything(storage)
    storage.keep_history()
    assert everything(storage) == before
    storage.keep_history()
    assert everything(storage) == before
    clock.advance(MINUTE)
    storage.keep_history()
    assert [cell for cell in everything(storage) if cell[0] == "ever"] == [cell for cell in before if cell[0] == "ever"]


def test_a_claim_folds_a_little_at_a_time(storage: Storage, clock: MovableClock):
    """Until nothing of past minutes is left, and what is read is the same all the while."""
    for n in range(300):
        put(storage, f"type-{n}")
    clock.advance(MINUTE)
    before = everything(storage)
    for _ in range(3):
        assert take(storage, types=frozenset(["none"])) == []
        assert everything(storage) == before


def test_a_clock_that_is_set_back_loses_nothing(storage: Storage, clock: MovableClock):
    """What was written in minutes that come again is added to."""
    put(storage)
    clock.set_wall_clock(10 * MINUTE)
    put(storage)
    storage.keep_history()
    clock.set_wall_clock(-10 * MINUTE)
    put(storage)
    storage.keep_history()
    take_one(storage)
    clock.advance(10 * MINUTE)
    put(storage)
    storage.keep_history()
    assert in_all(storage)["enqueued"] == 4
    assert sum(steps(storage, "enqueued", "minute", 11)) == 4
    assert steps(storage, "enqueued", "minute", 1) == [2]


def test_old_spans_are_trimmed(storage: Storage, clock: MovableClock):
    """Minutes after two days, hours after sixty, days after three years; what ever was is for good."""

    def kept() -> list[int]:
        most = {"minute": 4 * 1440, "hour": 70 * 24, "day": 1200}
        return [sum(steps(storage, "enqueued", span, number)) for span, number in most.items()]

    put(storage)
    for days, expected in ((1.9, [1, 1, 1]), (0.2, [0, 1, 1]), (57.8, [0, 1, 1]), (1.2, [0, 0, 1]), (1030, [0, 0, 1])):
        clock.advance(days * DAY)
        storage.keep_history()
        assert kept() == expected, days
    clock.advance(6 * DAY)
    storage.keep_history()
    assert kept() == [0, 0, 0]
    assert happened(storage) == {"enqueued": 1}


def test_many_rows_are_trimmed_to_the_last(storage: Storage, clock: MovableClock):
    """More than go in one transaction."""
    for n in range(400):
        put(storage, f"type-{n}")
    clock.advance(MINUTE)
    storage.keep_history()
    clock.advance(3 * DAY)
    storage.keep_history()
    assert sum(steps(storage, "enqueued", "minute", 4 * 1440)) == 0
    assert sum(steps(storage, "enqueued", "hour", 80)) == 400


# -- how it was -------------------------------------------------------------------------------------------------------
def test_a_look_once_a_minute(storage: Storage, other: Storage, clock: MovableClock):
    """Whoever is first: the second one in a minute finds it done."""
    put(storage)
    for minute in range(3):
        storage.keep_history()
        put(storage)
        other.keep_history()
        assert steps(storage, "depth", "minute", minute + 1) == [1] * (minute + 1)
        clock.advance(MINUTE)
    assert looks(storage, "depth", 4) == {None: [1, 2, 3, None]}


def looks(storage: Storage, what: str, most: int, *, by_type: bool = False) -> dict[str | None, list[float | None]]:
    """The means of a gauge in the last minutes."""
    now = int(storage.clock.time()) // MINUTE * MINUTE
    within = HistoryRange(start=now - (most - 1) * MINUTE, step_seconds=MINUTE, steps=most, span="minute")
    found: dict[str | None, list[float | None]] = {}
    for cell in storage.history([what], within, by_type=by_type, timed=False):
        means = found.setdefault(cell.type or None, [None] * most)
        means[cell.place] = cell.tally.ms / cell.tally.n
    return found


def test_how_much_is_queued_of_each_type(storage: Storage, clock: MovableClock):
    """Nothing is written of a type of which nothing waits."""
    for type in ("mail", "mail", "video"):
        put(storage, type)
    storage.keep_history()
    clock.advance(MINUTE)
    take_one(storage, types=frozenset(["video"]))
    storage.keep_history()
    assert looks(storage, "depth", 2) == {None: [3, 2]}
    assert looks(storage, "depth", 2, by_type=True) == {"mail": [2, 2], "video": [1, None]}


def test_who_is_active_and_how_busy(storage: Storage, clock: MovableClock):
    """A worker that did not tell how much it can do has one place; who is silent for a minute is not active."""
    storage.register("large", "{}", WorkerFacts(host="h", pid=1, concurrency=7))
    storage.register("small", "{}")
    for _ in range(4):
        put(storage)
    take(storage, "large", limit=4)
    storage.keep_history()
    clock.advance(2 * MINUTE)
    storage.heartbeat("small")
    storage.keep_history()
    assert looks(storage, "active_workers", 3) == {None: [2, None, 1]}
    assert looks(storage, "utilisation", 3) == {None: [0.5, None, 1]}


def test_without_workers_nothing_is_said_of_how_busy_they_are(storage: Storage):
    storage.keep_history()
    assert looks(storage, "active_workers", 1) == {None: [0]}
    assert looks(storage, "utilisation", 1) == {}


def test_hours_and_days_hold_the_mean_of_their_looks(storage: Storage, clock: MovableClock):
    for _ in range(3):
        put(storage)
        storage.keep_history()
        clock.advance(MINUTE)
    start = int(clock.time()) // DAY * DAY - DAY
    within = HistoryRange(start=start, step_seconds=2 * DAY, steps=1, span="day")
    (cell,) = storage.history(["depth"], within, by_type=False, timed=False)
    assert (cell.tally.n, cell.tally.ms) == (3, 6)
