"""What happens is counted with the change, by type, with its times; it outlives tasks, and never goes down."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from musterq.errors import QueueDatabaseError
from musterq.models import ClaimRequest, Crash, NewTask, Outcome, TaskStatus
from musterq.observations import Tally
from musterq.records import Retention
from musterq.storage.base import Storage
from tests.storage.conformance.history_reading import HOUR, MINUTE, happened, in_all, steps
from tests.storage.engines import PlainSQL
from tests.storage.making import end, put, release, take, take_one
from tests.support import MovableClock

S = TaskStatus


# -- what is counted --------------------------------------------------------------------------------------------------
def test_a_life_of_a_task(storage: Storage, clock: MovableClock):
    """By its type, with the time that it waited and the time that it ran."""
    put(storage)
    clock.advance(2)
    claim = take_one(storage)
    clock.advance(5)
    end(storage, claim)
    assert storage.totals(by_type=True) == {
        "mail": {
            "enqueued": Tally(n=1),
            "started": Tally(n=1, ms=2000, buckets={2000: 1}),
            "completed": Tally(n=1, ms=5000, buckets={5000: 1}),
        }
    }


def test_all_types_together_are_the_sum(storage: Storage):
    for type in ("mail", "mail", "video"):
        put(storage, type)
    end(storage, take_one(storage))
    assert in_all(storage) == {"enqueued": 3, "started": 1, "completed": 1}
    assert happened(storage, "video") == {"enqueued": 1}


def test_many_at_once(storage: Storage):
    """Also those that an idempotency key keeps out, which are not enqueued."""
    tasks = [NewTask(type="mail", payload="{}") for _ in range(50)]
    keyed = NewTask(type="mail", payload="{}", idempotency_key="k")
    storage.enqueue([*tasks, keyed, keyed])
    storage.enqueue([keyed])
    assert happened(storage) == {"enqueued": 51}


@pytest.mark.parametrize(
    ("how", "facts", "what"),
    [
        (S.COMPLETED, {}, "completed"),
        (S.FAILED, {"error": "no"}, "failed"),
        (S.SCHEDULED, {"error": "not yet"}, "retried"),
        (S.QUEUED, {}, "released"),
        (S.CANCELLED, {}, "cancelled"),
    ],
)
def test_how_an_attempt_ends(storage: Storage, clock: MovableClock, how: TaskStatus, facts: dict[str, str], what: str):
    """Those that ran to an end have a run time."""
    put(storage)
    claim = take_one(storage)
    clock.advance(0.3)
    end(storage, claim, how, **facts)
    tally = storage.totals(by_type=True)["mail"][what]
    timed = what in ("completed", "failed", "retried")
    assert tally == (Tally(n=1, ms=300, buckets={315: 1}) if timed else Tally(n=1))
    assert happened(storage) == {"enqueued": 1, "started": 1, what: 1}


def test_a_failure_in_the_words_of_an_expiry_is_a_failure(storage: Storage):
    """Whatever a handler calls its error."""
    for how in (S.FAILED, S.SCHEDULED):
        put(storage, max_attempts=1)
        end(storage, take_one(storage), how, error="expired: the token")
    assert happened(storage) == {"enqueued": 2, "started": 2, "failed": 2}


def test_the_last_attempt_that_fails_is_a_failure(storage: Storage):
    put(storage, max_attempts=1)
    end(storage, take_one(storage), S.SCHEDULED, error="no")
    assert happened(storage) == {"enqueued": 1, "started": 1, "failed": 1}


def test_a_retry_by_hand_is_a_new_life_of_the_same_task(storage: Storage):
    """It is not enqueued again; what it does then is counted."""
    task_id = put(storage)
    end(storage, take_one(storage), S.FAILED, error="no")
    storage.retry(task_id)
    end(storage, take_one(storage))
    assert happened(storage) == {"enqueued": 1, "started": 2, "failed": 1, "completed": 1}


def test_cancelled_before_it_was_started(storage: Storage):
    task_id = put(storage)
    storage.cancel(task_id)
    assert happened(storage) == {"enqueued": 1, "cancelled": 1}


def test_expired_in_a_claim_and_by_the_sweep(storage: Storage, clock: MovableClock):
    """Neither is started, nor a failure."""
    for _ in range(2):
        put(storage, expires_at=clock.now() + timedelta(seconds=5))
    clock.advance(6)
    assert take(storage, limit=1) == []
    put(storage, "video", expires_at=clock.now() + timedelta(seconds=5))
    clock.advance(6)
    storage.expire(10)
    assert happened(storage) == {"enqueued": 2, "expired": 2}
    assert happened(storage, "video") == {"enqueued": 1, "expired": 1}


def test_a_payload_that_is_broken_is_a_failure_that_never_started(storage: Storage):
    put(storage, payload="{")
    assert take(storage) == []
    assert happened(storage) == {"enqueued": 1, "failed": 1}


def test_rescued_from_a_worker_that_had_started_it(storage: Storage):
    """It is a crash, too."""
    put(storage)
    take_one(storage)
    storage.remove_worker("worker-1")
    assert happened(storage) == {"enqueued": 1, "started": 1, "rescued": 1, "crashed": 1}


def test_rescued_when_its_budget_of_crashes_is_used_up(storage: Storage):
    put(storage, max_crashes=1)
    take_one(storage)
    storage.remove_worker("worker-1")
    assert happened(storage) == {"enqueued": 1, "started": 1, "rescued": 1, "crashed": 1, "failed": 1}


def test_rescued_by_its_lease(storage: Storage, clock: MovableClock):
    put(storage)
    take_one(storage, lease_seconds=10)
    clock.advance(11)
    storage.rescue_expired()
    assert happened(storage) == {"enqueued": 1, "started": 1, "rescued": 1, "crashed": 1}


def test_cancelled_in_a_rescue(storage: Storage):
    task_id = put(storage)
    take_one(storage)
    storage.cancel(task_id)
    storage.remove_worker("worker-1")
    assert happened(storage) == {"enqueued": 1, "started": 1, "rescued": 1, "crashed": 1, "cancelled": 1}


def test_the_death_of_a_child_process(storage: Storage):
    put(storage)
    claim = take_one(storage)
    storage.finish([Outcome(claim=claim, status=S.QUEUED, crash=Crash(signal=9), error="killed")])
    assert happened(storage) == {"enqueued": 1, "started": 1, "rescued": 1, "crashed": 1}


def test_a_finish_that_comes_too_late(storage: Storage):
    """It is refused, and nothing is completed."""
    put(storage)
    claim = take_one(storage)
    release(storage, claim)
    assert not end(storage, claim)
    assert happened(storage) == {"enqueued": 1, "started": 1, "released": 1, "refused": 1}


def test_what_is_claimed_ahead_starts_when_it_begins(storage: Storage, clock: MovableClock):
    """The time that it waited is that to its claim."""
    for _ in range(3):
        put(storage)
    clock.advance(1)
    first, *ahead = storage.claim(ClaimRequest(worker_id="worker-1", limit=1, ahead=2))
    assert happened(storage) == {"enqueued": 3, "started": 1}
    clock.advance(8)
    storage.exchange([Outcome(claim=first, status=S.COMPLETED)], None, begun=ahead[:1])
    assert storage.totals(by_type=True)["mail"]["started"] == Tally(n=2, ms=2000, buckets={1000: 2})
    release(storage, ahead[1])
    assert happened(storage) == {"enqueued": 3, "started": 2, "completed": 1}


def test_what_was_claimed_ahead_and_lost_did_not_crash(storage: Storage):
    """It is rescued, and never started."""
    for _ in range(2):
        put(storage)
    storage.claim(ClaimRequest(worker_id="worker-1", limit=1, ahead=1))
    storage.remove_worker("worker-1")
    assert happened(storage) == {"enqueued": 2, "started": 1, "rescued": 2, "crashed": 1}


def test_one_that_began_when_its_claim_was_lost_did_not_start(storage: Storage):
    """Whether it goes on, or has ended by now; its end is refused."""
    for _ in range(3):
        put(storage)
    _, going_on, ended = storage.claim(ClaimRequest(worker_id="worker-1", limit=1, ahead=2))
    storage.remove_worker("worker-1")
    storage.exchange([Outcome(claim=ended, status=S.COMPLETED)], None, begun=[going_on, ended])
    assert happened(storage) == {"enqueued": 3, "started": 1, "rescued": 3, "crashed": 1, "refused": 1}


def test_one_that_begins_and_ends_at_once(storage: Storage, clock: MovableClock):
    """A worker tells of both with one exchange."""
    for _ in range(2):
        put(storage)
    _, ahead = storage.claim(ClaimRequest(worker_id="worker-1", limit=1, ahead=1))
    began = clock.time()
    clock.advance(3)
    storage.exchange([Outcome(claim=ahead, status=S.COMPLETED, started_at=began + 1)], None, begun=[ahead])
    assert storage.totals(by_type=True)["mail"]["completed"] == Tally(n=1, ms=2000, buckets={2000: 1})
    assert happened(storage)["started"] == 2


def test_the_wait_of_a_delayed_task_begins_when_it_is_due(storage: Storage, clock: MovableClock):
    put(storage, run_after=clock.now() + timedelta(seconds=100))
    clock.advance(104)
    take_one(storage)
    assert storage.totals(by_type=True)["mail"]["started"].ms == 4000


def test_pruning_changes_no_total(storage: Storage, clock: MovableClock):
    for _ in range(20):
        put(storage)
    for claim in take(storage, limit=20):
        end(storage, claim)
    before = storage.totals(by_type=True)
    storage.set_retention("completed", Retention(max_age_seconds=0))
    clock.advance(1)
    while storage.prune().more:
        pass
    assert storage.task_counts() == {}
    assert storage.totals(by_type=True) == before


# -- by plain SQL -----------------------------------------------------------------------------------------------------
def test_a_life_by_plain_sql(storage: Storage, sql: PlainSQL, clock: MovableClock):
    """Put in, claimed and ended by a program in another language."""
    sql.execute("INSERT INTO task_queue (type, payload) VALUES ('mail', '{}')")
    sql.execute("UPDATE task_queue SET status = 'processing', processing_started_utc = ?", (clock.text(),))
    sql.execute("UPDATE task_queue SET status = 'completed', finished_at_utc = ?", (clock.text(4),))
    assert storage.totals(by_type=True)["mail"] == {
        "enqueued": Tally(n=1),
        "started": Tally(n=1),
        "completed": Tally(n=1, ms=4000, buckets={4000: 1}),
    }


def test_the_run_time_of_an_earlier_attempt_is_not_that_of_plain_sqls(
    storage: Storage, sql: PlainSQL, clock: MovableClock
):
    """Which the row still has when plain SQL ends the next one."""
    put(storage)
    claim = take_one(storage)
    clock.advance(2)
    end(storage, claim, S.SCHEDULED, error="not yet")
    take_one(storage)
    sql.execute("UPDATE task_queue SET status = 'failed', finished_at_utc = ?", (clock.text(40),))
    assert storage.totals(by_type=True)["mail"]["failed"] == Tally(n=1, ms=40000, buckets={40000: 1})


@pytest.mark.parametrize(
    ("status", "what"),
    [("processing", "started"), ("completed", "completed"), ("failed", "failed"), ("cancelled", "cancelled")],
)
def test_a_status_set_by_plain_sql(storage: Storage, sql: PlainSQL, status: str, what: str):
    """Set twice, it happened once."""
    put(storage)
    for _ in range(2):
        sql.execute("UPDATE task_queue SET status = ?", (status,))
    assert happened(storage) == {"enqueued": 1, what: 1}


def test_a_row_put_in_at_its_end_was_enqueued_only(storage: Storage, sql: PlainSQL):
    """As somebody's archive is copied in: it did not happen here."""
    sql.execute("INSERT INTO task_queue (type, payload, status) VALUES ('mail', '{}', 'completed')")
    assert happened(storage) == {"enqueued": 1}


def test_an_insert_that_is_ignored_enqueues_nothing(storage: Storage, sql: PlainSQL):
    """Nor does an upsert that does nothing, or updates."""
    insert = "INTO task_queue (type, payload, idempotency_key) VALUES ('mail', '{}', 'k')"
    conflict = "ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL DO"
    sql.execute(f"INSERT OR IGNORE {insert}")
    sql.execute(f"INSERT OR IGNORE {insert}")
    sql.execute(f"INSERT {insert} {conflict} NOTHING")
    sql.execute(f"INSERT {insert} {conflict} UPDATE SET priority = 7")
    assert happened(storage) == {"enqueued": 1}


def test_a_replacement_enqueues_another_task(storage: Storage, sql: PlainSQL):
    """What the replaced one did stays counted."""
    task_id = put(storage)
    end(storage, take_one(storage))
    sql.execute("INSERT OR REPLACE INTO task_queue (id, type, payload) VALUES (?, 'mail', '{}')", (task_id,))
    assert happened(storage) == {"enqueued": 2, "started": 1, "completed": 1}


def test_a_deletion_takes_nothing_back(storage: Storage, sql: PlainSQL):
    put(storage)
    end(storage, take_one(storage))
    sql.execute("DELETE FROM task_queue")
    assert happened(storage) == {"enqueued": 1, "started": 1, "completed": 1}


def test_times_since_ages_ago(storage: Storage, sql: PlainSQL, clock: MovableClock):
    """However many there are, none of what happened is lost when it is brought into the history."""
    for _ in range(30):
        sql.execute("INSERT INTO task_queue (type, payload, created_at_utc) VALUES ('mail', '{}', '0001-01-01')")
    assert len(take(storage, limit=30)) == 30
    before = storage.totals(by_type=True)["mail"]["started"]
    assert (before.n, before.buckets) == (30, {10**9: 30})
    for _ in range(2):
        clock.advance(MINUTE)
        storage.keep_history()
        assert storage.totals(by_type=True)["mail"]["started"] == before


def test_a_run_time_below_nothing_counts_nothing(storage: Storage, sql: PlainSQL):
    """So that no sum goes down."""
    put(storage)
    take_one(storage)
    sql.execute("UPDATE task_queue SET status = 'failed', claim_token = 1, run_ms = -500")
    sql.execute("DELETE FROM task_queue")  # which takes nothing back
    assert storage.totals(by_type=True)["mail"]["failed"] == Tally(n=1, buckets={0: 1})


def test_a_moment_that_plain_sql_gives_is_the_moment(storage: Storage, sql: PlainSQL, clock: MovableClock):
    """Of one that is no moment, it is now."""
    put(storage)
    put(storage)
    sql.execute("UPDATE task_queue SET status = 'cancelled', updated_at_utc = ? WHERE id = 1", (clock.text(-HOUR),))
    sql.execute("UPDATE task_queue SET status = 'cancelled', updated_at_utc = 'soon' WHERE id = 2")
    assert steps(storage, "cancelled", "hour", 2) == [1, 1]


# -- what is not committed --------------------------------------------------------------------------------------------
def undone(storage: Storage, type: str) -> None:
    """A life of a task in a transaction that fails."""
    with storage.transaction():
        put(storage, type)
        end(storage, take_one(storage, types=frozenset([type])))
        raise LookupError(type)


def test_a_transaction_that_is_rolled_back_counts_nothing(storage: Storage):
    """Nor a part of one."""
    with pytest.raises(LookupError):
        undone(storage, "mail")
    assert storage.totals(by_type=True) == {}
    with storage.transaction():
        put(storage)
        with pytest.raises(LookupError):
            undone(storage, "video")
    assert in_all(storage) == {"enqueued": 1}


def test_plain_sql_that_is_rolled_back_counts_nothing(storage: Storage, sql: PlainSQL):
    sql.execute("BEGIN")
    sql.execute("INSERT INTO task_queue (type, payload) VALUES ('mail', '{}')")
    sql.execute("UPDATE task_queue SET status = 'completed'")
    sql.execute("ROLLBACK")
    assert storage.totals(by_type=True) == {}


def test_a_group_of_which_one_fails_counts_the_others_once(storage: Storage):
    """They are written again, each by itself."""
    storage.execute(
        "CREATE TRIGGER no_video BEFORE INSERT ON task_queue WHEN NEW.type = 'video' "
        "BEGIN SELECT RAISE(ABORT, 'no video'); END"
    )
    start = threading.Barrier(8)

    def write(number: int) -> None:
        start.wait()
        for _ in range(20):
            if number % 2:
                put(storage)
            else:
                with pytest.raises(QueueDatabaseError, match="no video"):
                    put(storage, "video")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert storage.totals(by_type=True) == {"mail": {"enqueued": Tally(n=80)}}
    storage.execute("DROP TRIGGER no_video")
