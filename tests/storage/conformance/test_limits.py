"""Limits by type: so many at once, so many in a period, across all workers."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from musterq.models import SchedulingStrategy, TaskStatus
from musterq.records import TypeLimit
from musterq.storage.base import Storage
from tests.storage.engines import SQLITE, PlainSQL
from tests.storage.making import FACTS, end, put, release, status, take, take_one, taken
from tests.support import MovableClock

TWO_AT_ONCE = TypeLimit(max_running=2)
THREE_A_MINUTE = TypeLimit(rate_count=3, rate_seconds=60.0)


def put_many(storage: Storage, type: str, count: int, **options: object) -> list[int]:
    return [put(storage, type, **options) for _ in range(count)]


# -- at once ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", SchedulingStrategy)
def test_no_more_than_the_limit_are_taken_by_one_claim(storage: Storage, strategy: SchedulingStrategy):
    """And tasks of other types take the places that are left in it."""
    mail, video = put_many(storage, "mail", 5), put_many(storage, "video", 5)
    storage.set_limit("mail", TWO_AT_ONCE)
    claims = take(storage, limit=6, strategy=strategy)
    assert len(claims) == len({claim.task_id for claim in claims}) == 6
    assert len(set(taken(claims)) & set(mail)) <= 2
    rest = take(storage, limit=10, strategy=strategy)
    assert sorted(taken(claims + rest))[-5:] == video
    assert len(set(taken(claims + rest)) & set(mail)) == 2


@pytest.mark.parametrize("strategy", [s for s in SchedulingStrategy if s is not SchedulingStrategy.WEIGHTED_RANDOM])
def test_the_order_of_the_strategy_holds_within_a_limit(storage: Storage, strategy: SchedulingStrategy):
    """What a claim takes is what it would take if the tasks over the limit were not there."""
    mail, video = put_many(storage, "mail", 4), put_many(storage, "video", 3)
    storage.set_limit("mail", TWO_AT_ONCE)
    order = sorted([*mail, *video], reverse=strategy is SchedulingStrategy.LIFO)
    within = [task_id for task_id in order if task_id in video or task_id in [i for i in order if i in mail][:2]]
    assert taken(take(storage, limit=10, strategy=strategy)) == within


def test_the_limit_is_one_for_all_workers(storage: Storage, other: Storage):
    put_many(storage, "mail", 5)
    storage.set_limit("mail", TWO_AT_ONCE)
    assert len(take(storage, "worker-1")) == len(take(other, "worker-2")) == 1
    assert take(storage, "worker-1") == take(other, "worker-2") == []


def test_the_limit_is_one_for_all_lanes_of_a_type(storage: Storage):
    put_many(storage, "mail", 2)
    put_many(storage, "mail", 2, compatibility='{"gpu": true}')
    storage.set_limit("mail", TWO_AT_ONCE)
    assert len(take(storage, limit=10, capabilities={"gpu": True})) == 2


def test_a_place_is_free_when_a_task_ends(storage: Storage):
    put_many(storage, "mail", 3)
    storage.set_limit("mail", TypeLimit(max_running=1))
    claim = take_one(storage)
    assert take(storage) == []
    end(storage, claim)
    assert take_one(storage).task_id != claim.task_id


def test_a_place_is_free_when_an_attempt_fails(storage: Storage):
    put_many(storage, "mail", 2)
    storage.set_limit("mail", TypeLimit(max_running=1))
    end(storage, take_one(storage), TaskStatus.SCHEDULED, error="bad", retry_in_seconds=60)
    assert len(take(storage, limit=5)) == 1


def test_a_place_is_free_at_once_when_a_worker_dies(storage: Storage):
    """The rescue gives it back together with the task."""
    put(storage, "mail")
    storage.set_limit("mail", TypeLimit(max_running=1))
    lock = storage.liveness_lock("worker-1")
    storage.register("worker-1", "{}", FACTS)
    (claim,) = take(storage, "worker-1", lease_seconds=None)
    assert take(storage, "worker-2") == []
    lock.release(forgotten=False)
    storage.rescue_expired()
    assert taken(take(storage, "worker-2")) == [claim.task_id]


def test_the_place_and_the_key_of_a_killed_process_are_free_at_once(storage: Storage):
    """Whoever rescues its tasks can take them, and nobody could before."""
    mail = put(storage, "mail", concurrency_key="user:7")
    put(storage, "mail")
    storage.set_limit("mail", TypeLimit(max_running=1))
    program = Path(__file__).with_name("dying_worker.py")
    command = [sys.executable, program, storage.location, "doomed", "5"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().split() == [str(mail)]
        assert take(storage, limit=5) == []
        process.kill()
    assert storage.rescue_expired().queued == (mail,)
    assert taken(take(storage, limit=5)) == [mail]


def test_what_is_claimed_ahead_counts(storage: Storage):
    """A claim with stock never goes over the limit, and other types fill the stock."""
    mail, video = put_many(storage, "mail", 5), put_many(storage, "video", 2)
    storage.set_limit("mail", TypeLimit(max_running=3))
    claims = take(storage, limit=2, ahead=10)
    assert taken(claims) == [*mail[:3], *video]
    assert [claim.started for claim in claims] == [True, True, False, False, False]


def test_a_lower_limit_counts_from_the_next_claim_on(storage: Storage):
    put_many(storage, "mail", 5)
    storage.set_limit("mail", TypeLimit(max_running=3))
    claims = take(storage, limit=3)
    storage.set_limit("mail", TypeLimit(max_running=1))
    end(storage, claims[0])
    end(storage, claims[1])
    assert take(storage) == []
    end(storage, claims[2])
    assert len(take(storage, limit=5)) == 1


def test_a_limit_that_another_process_sets_counts_from_the_next_claim_on(storage: Storage, other: Storage):
    put_many(storage, "mail", 3)
    take_one(storage)
    other.set_limit("mail", TypeLimit(max_running=1))
    assert take(storage) == []
    other.set_limit("mail", None)
    assert len(take(storage, limit=5)) == 2


def test_a_limit_by_plain_sql_is_a_limit(storage: Storage, sql: PlainSQL):
    put_many(storage, "mail", 3)
    take_one(storage)
    sql.execute("INSERT INTO type_limits (type, max_running) VALUES ('mail', 1)")
    assert take(storage) == []
    sql.execute("UPDATE type_limits SET type = 'video'")
    assert len(take(storage)) == 1
    sql.execute("UPDATE type_limits SET type = 'mail', max_running = 3")
    assert len(take(storage, limit=5)) == 1


def test_a_limit_by_plain_sql_that_makes_no_sense_is_none(storage: Storage, sql: PlainSQL):
    put_many(storage, "mail", 3)
    sql.execute(
        "INSERT INTO type_limits (type, max_running, rate_count, rate_seconds, tokens) "
        "VALUES ('mail', 'few', 1, 0, 'x')"
    )
    assert len(take(storage, limit=5)) == 3


def test_tasks_that_can_never_run_take_no_place(storage: Storage):
    for _ in range(3):
        put(storage, "mail", payload="{broken")
    good = put_many(storage, "mail", 2)
    storage.set_limit("mail", TypeLimit(max_running=1, rate_count=1, rate_seconds=60.0))
    assert taken(take(storage, limit=5)) == good[:1]


# -- in a period -----------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", SchedulingStrategy)
def test_no_more_than_the_rate_start_in_a_period(storage: Storage, clock: MovableClock, strategy: SchedulingStrategy):
    """A full bucket at first, then one token after the other."""
    put_many(storage, "mail", 10)
    storage.set_limit("mail", THREE_A_MINUTE)
    assert len(take(storage, limit=10, strategy=strategy)) == 3
    clock.advance(19.9)
    assert take(storage, limit=10, strategy=strategy) == []
    clock.advance(0.1)
    assert len(take(storage, limit=10, strategy=strategy)) == 1
    clock.advance(3600)
    assert len(take(storage, limit=10, strategy=strategy)) == 3


def test_ended_tasks_give_no_token_back(storage: Storage):
    put_many(storage, "mail", 5)
    storage.set_limit("mail", THREE_A_MINUTE)
    for claim in take(storage, limit=3):
        end(storage, claim)
    assert take(storage) == []


def test_both_limits_hold_together(storage: Storage, clock: MovableClock):
    put_many(storage, "mail", 9)
    storage.set_limit("mail", TypeLimit(max_running=2, rate_count=3, rate_seconds=60.0))
    first = take(storage, limit=9)
    assert len(first) == 2
    for claim in first:
        end(storage, claim)
    assert len(take(storage, limit=9)) == 1
    clock.advance(50)
    assert len(take(storage, limit=9)) == 1


def test_many_claims_at_a_time_lose_no_fraction_of_a_token(storage: Storage, clock: MovableClock):
    """Ten a second, looked at every 7 ms for two seconds: the ten at first, and twenty more."""
    put_many(storage, "mail", 50)
    storage.set_limit("mail", TypeLimit(rate_count=10, rate_seconds=1.0))
    count = len(take(storage, limit=50))
    for _ in range(286):
        clock.advance(0.007)
        count += len(take(storage, limit=50))
    assert count == 30


def test_a_token_of_what_was_claimed_ahead_and_given_back_comes_back(storage: Storage):
    """It was never started; one that was started has used its token, even if it is given back."""
    put_many(storage, "mail", 5)
    storage.set_limit("mail", THREE_A_MINUTE)
    started, _, ahead = take(storage, limit=2, ahead=1)
    release(storage, started)
    assert take(storage) == []
    release(storage, ahead)
    assert len(take(storage, limit=5)) == 1


def test_a_rescue_gives_the_tokens_of_unstarted_tasks_back(storage: Storage, clock: MovableClock):
    put_many(storage, "mail", 3)
    storage.set_limit("mail", TypeLimit(rate_count=3, rate_seconds=86400.0))
    assert len(take(storage, "worker-1", limit=1, ahead=2, lease_seconds=10)) == 3
    clock.advance(11)
    assert len(take(storage, "worker-2", limit=5)) == 2


def test_tokens_that_come_back_do_not_overfill_the_bucket(storage: Storage, clock: MovableClock):
    put_many(storage, "mail", 9)
    storage.set_limit("mail", THREE_A_MINUTE)
    claims = take(storage, limit=1, ahead=2)
    clock.advance(3600)
    for claim in claims[1:]:
        release(storage, claim)
    assert len(take(storage, limit=9)) == 3


def test_a_step_of_the_wall_clock_gives_no_tokens(storage: Storage, clock: MovableClock):
    put_many(storage, "mail", 9)
    storage.set_limit("mail", THREE_A_MINUTE)
    assert len(take(storage, limit=9)) == 3
    for step in (3600, -7200):
        clock.set_wall_clock(step)
        assert take(storage, limit=9) == []
    clock.advance(20)
    assert len(take(storage, limit=9)) == 1


def test_after_a_reboot_the_wall_clock_tells(storage: Storage, clock: MovableClock, sql: PlainSQL):
    put_many(storage, "mail", 9)
    storage.set_limit("mail", THREE_A_MINUTE)
    take(storage, limit=9)
    sql.execute("UPDATE type_limits SET tokens_boot_id = 'an earlier boot', tokens_boot_ms = 0")
    assert take(storage, limit=9) == []
    clock.set_wall_clock(40)
    assert len(take(storage, limit=9)) == 2


def test_a_wall_clock_that_was_set_back_gives_nothing_and_takes_nothing(
    storage: Storage, clock: MovableClock, sql: PlainSQL
):
    """Nobody waits until the clock is where it had been: the time counts from the next claim on."""
    put_many(storage, "mail", 9)
    storage.set_limit("mail", THREE_A_MINUTE)
    take(storage, limit=2)
    sql.execute("UPDATE type_limits SET tokens_boot_id = 'another machine', tokens_boot_ms = 0")
    clock.set_wall_clock(-3600)
    assert len(take(storage, limit=9)) == 1
    sql.execute("UPDATE type_limits SET tokens_boot_id = 'another machine'")
    clock.set_wall_clock(-3600)
    assert take(storage, limit=9) == []
    clock.advance(20)
    assert len(take(storage, limit=9)) == 1


def test_a_new_rate_keeps_what_is_in_the_bucket(storage: Storage):
    """Else a worker that starts with another rate in its code would give a full bucket to everybody."""
    put_many(storage, "mail", 9)
    storage.set_limit("mail", THREE_A_MINUTE)
    take(storage, limit=3)
    storage.set_limit("mail", TypeLimit(rate_count=5, rate_seconds=60.0))
    assert take(storage, limit=9) == []


def test_a_rate_that_was_ended_begins_with_a_full_bucket(storage: Storage):
    put_many(storage, "mail", 9)
    storage.set_limit("mail", THREE_A_MINUTE)
    take(storage, limit=3)
    storage.set_limit("mail", TypeLimit(max_running=9))
    storage.set_limit("mail", THREE_A_MINUTE)
    assert len(take(storage, limit=9)) == 3


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 6), st.sampled_from(SchedulingStrategy)), max_size=30),
    count=st.integers(1, 5),
    milliseconds=st.sampled_from([100, 330, 1000]),
)
def test_a_claim_takes_what_the_bucket_holds(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[int, int, SchedulingStrategy]],
    count: int,
    milliseconds: int,
):
    """Never a token more, and never one less, whatever fractions of tokens come together."""
    clock = MovableClock()
    storage = SQLITE.open(tmp_path_factory.mktemp("rates"), clock)
    storage.initialize_schema()
    storage.set_limit("mail", TypeLimit(rate_count=count, rate_seconds=milliseconds / 1000))
    put_many(storage, "mail", 200)
    tokens = most = Fraction(count)
    for passed, limit, strategy in steps:
        clock.advance(passed / 1000)
        tokens = min(most, tokens + Fraction(passed * count, milliseconds))
        taken_now = len(take(storage, limit=limit, strategy=strategy))
        assert taken_now == min(limit, int(tokens))
        tokens -= taken_now
    storage.close()


# -- waking ----------------------------------------------------------------------------------------


def test_the_next_token_is_due(storage: Storage, clock: MovableClock):
    """Whoever sleeps until the next due moment starts a task as soon as there is a token for it."""
    put_many(storage, "mail", 5)
    storage.set_limit("mail", TypeLimit(rate_count=1, rate_seconds=0.1))
    assert len(take(storage, limit=5)) == 1
    assert storage.seconds_to_next_due() == pytest.approx(0.1)
    clock.advance(0.1)
    assert storage.seconds_to_next_due() == 0  # it came just now: whoever looked before must look again
    clock.advance(1)
    assert storage.seconds_to_next_due() is None  # nobody who could use it has taken it


def test_a_token_that_nobody_waits_for_is_not_due(storage: Storage):
    put(storage, "mail")
    storage.set_limit("mail", TypeLimit(max_running=1, rate_count=1, rate_seconds=10.0))
    claim = take_one(storage)
    assert storage.seconds_to_next_due() is None
    waiting = put(storage, "mail")
    assert storage.seconds_to_next_due() is None  # it waits for a place, too
    end(storage, claim)
    assert storage.seconds_to_next_due() == pytest.approx(10)
    storage.pause("mail")
    assert storage.seconds_to_next_due() is None
    assert status(storage, waiting) == "queued"


def test_a_scheduled_task_may_be_due_before_the_next_token(storage: Storage, clock: MovableClock):
    put_many(storage, "mail", 2)
    storage.set_limit("mail", TypeLimit(rate_count=1, rate_seconds=10.0))
    end(storage, take_one(storage), TaskStatus.SCHEDULED, error="bad", retry_in_seconds=4)
    assert storage.seconds_to_next_due() == pytest.approx(4)
    clock.advance(4)
    assert storage.promote(10) == 1
    assert storage.promote(10) == 0


# -- the verbs -------------------------------------------------------------------------------------


def test_limits_are_listed_by_type(storage: Storage):
    storage.set_limit("video", THREE_A_MINUTE)
    storage.set_limit("mail", TWO_AT_ONCE)
    assert storage.limits() == {"mail": TWO_AT_ONCE, "video": THREE_A_MINUTE}
    storage.set_limit("mail", None)
    storage.set_limit("video", TWO_AT_ONCE)
    assert storage.limits() == {"video": TWO_AT_ONCE}


def test_a_type_without_tasks_can_be_limited(storage: Storage):
    storage.set_limit("mail", TypeLimit(max_running=1))
    put_many(storage, "mail", 3)
    assert len(take(storage, limit=3)) == 1
