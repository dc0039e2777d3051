"""A history that plain SQL or a bad disk has spoiled: tasks go on, figures can be read, and the fault is told."""

from __future__ import annotations

import pytest

from musterq.database import QueueDatabase
from musterq.errors import QueueDatabaseError
from musterq.monitoring import QueueMonitoring
from musterq.monitoring.prometheus import exposition
from musterq.storage.base import Storage
from tests.storage.making import end, put, take_one
from tests.support import MovableClock

MINUTE = 60
INTO_TALLIES = "INSERT INTO tallies (minute, type, what, bucket, n, ms) VALUES"
SPOILS = {
    "buckets that are no JSON": "UPDATE history SET buckets = 'not JSON'",
    "buckets that are a list": "UPDATE history SET buckets = '[1]'",
    "buckets that are bytes": "UPDATE history SET buckets = x'ff00'",
    "buckets of no bound": """UPDATE history SET buckets = '{"7": 3, "-4": 2, "x": 1}'""",
    "buckets of parts": """UPDATE history SET buckets = '{"5": 1.5}'""",
    "numbers that are texts": "UPDATE history SET n = 'many', ms = 'long'",
    "numbers without an end": "UPDATE history SET n = 9223372036854775807, ms = 9223372036854775807",
    "tallies that are texts": f"{INTO_TALLIES} ('2026-01-01 00:00', 'mail', 'completed', 'x', 'y', 'z')",
    "tallies that are bytes": f"{INTO_TALLIES} (x'ff', x'fe', x'fd', x'fc', x'fb', x'fa')",
    "tallies without an end": (
        f"{INTO_TALLIES} ('2026-01-01 00:00', 'mail', 'completed', 5, 9223372036854775807, 9e999)"
    ),
    "tallies at no time": f"{INTO_TALLIES} ('2026-13-32 25:61', 'mail', 'completed', 5, 1, 1)",
    "tallies after all times": f"{INTO_TALLIES} ('9999-12-31 23:59', 'mail', 'completed', 5, 1, 1)",
    "tallies of this minute": "UPDATE tallies SET n = 9223372036854775807, ms = 'x'",
}
#: Of which a sound number is made as soon as something is added.
SAID_NOTHING_OF = ("numbers that are texts", "numbers without an end", "tallies after all times")
TOLD = {name: spoil for name, spoil in SPOILS.items() if name not in SAID_NOTHING_OF}


@pytest.fixture
def storage(database: QueueDatabase, clock: MovableClock) -> Storage:
    """With a minute that is in the history, and one that is not."""
    clock.set_wall_clock(-clock.time() % MINUTE)
    for _ in range(2):
        work(database.storage)
        clock.advance(MINUTE)
    work(database.storage)
    return database.storage


def work(storage: Storage) -> None:
    """A task is put in, claimed, and ends."""
    put(storage)
    assert end(storage, take_one(storage))


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS)
def test_nobody_is_stopped(
    database: QueueDatabase, storage: Storage, monitoring: QueueMonitoring, clock: MovableClock, spoil: str
):
    """Tasks are claimed and end, what happens now is counted, and all figures can be read."""
    database.execute(spoil)
    for _ in range(3):
        work(storage)
        monitoring.get_totals()
        monitoring.get_queue_metrics()
        assert "musterq_up 1.0" in exposition(monitoring)
        clock.advance(MINUTE)
    for metric, expected in (("completed", [1, 1, 0]), ("run_p95", [0, 0, None])):
        assert monitoring.get_history(metric, since=2.5 * MINUTE, step=MINUTE)["series"][0]["values"][-3:] == expected


@pytest.mark.parametrize("spoil", TOLD.values(), ids=TOLD)
@pytest.mark.parametrize("claims", [0, 1], ids=["a service is first", "a claim is first"])
def test_it_is_told_once(database: QueueDatabase, storage: Storage, clock: MovableClock, spoil: str, claims: int):
    """By the service that keeps the history, whoever met it."""
    database.execute(spoil)
    clock.advance(MINUTE)
    for _ in range(claims):
        work(storage)
    with pytest.raises(QueueDatabaseError, match="musterq verify"):
        storage.keep_history()
    storage.keep_history()


def test_a_history_that_cannot_be_written_stops_nobody(
    database: QueueDatabase, storage: Storage, monitoring: QueueMonitoring, clock: MovableClock
):
    """And what happens meanwhile is brought into it later."""
    database.execute("CREATE TRIGGER broken BEFORE INSERT ON history BEGIN SELECT raise(ABORT, 'broken'); END")
    clock.advance(MINUTE)
    work(storage)
    with pytest.raises(QueueDatabaseError, match="broken"):
        storage.keep_history()
    clock.advance(MINUTE)
    database.execute("DROP TRIGGER broken")
    work(storage)
    assert monitoring.get_history("completed", since=5 * MINUTE, step=MINUTE)["series"][0]["values"][-5:] == [
        1,
        1,
        1,
        1,
        1,
    ]
    assert database.execute("SELECT count(DISTINCT minute) FROM tallies").fetchone()[0] == 1
