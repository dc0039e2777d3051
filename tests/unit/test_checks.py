"""What callers give: stored form, or an error that names the argument and says what to give."""

import math
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musterq.checks import (
    TaskOptions,
    check_key,
    check_limit,
    check_moment,
    check_positive_int,
    check_priority,
    check_seconds,
    check_status,
    check_strategy,
    check_type,
    check_types,
    check_worker_id,
    compatibility_text,
    new_task,
)
from musterq.models import NewTask, RetryPolicy, SchedulingStrategy, TaskStatus
from musterq.scalars import MAX_SECONDS, shown

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOOD_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=255)


class Kind(StrEnum):
    MAIL = "mail"


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


def noon():
    return NOON


def never():
    raise AssertionError("the clock was asked")


@given(GOOD_TEXTS)
def test_any_text_of_up_to_255_characters_is_a_name(text: str):
    """Hostile text is only text: it comes back as it is."""
    assert check_type(text) == check_worker_id(text) == check_key("idempotency_key", text) == text


@pytest.mark.parametrize("text", ["", "x" * 256, "a\0b", "a\ud800"])
def test_a_name_that_cannot_be_stored_is_refused(text: str):
    """Empty, over-long, with a NUL, with half a surrogate pair."""
    with pytest.raises(ValueError, match=r"worker_id='.*; give"):
        check_worker_id(text)


@pytest.mark.parametrize("value", [None, 7, b"mail", ["mail"], True])
def test_a_name_must_be_text(value: Any):
    """Nothing is turned into text by guess."""
    with pytest.raises(TypeError, match=r"concurrency_key=.* give a text"):
        check_key("concurrency_key", value)


def test_a_member_of_a_text_enum_is_stored_as_plain_text():
    """Its value, of the type that every database driver knows."""
    assert check_type(Kind.MAIL) == "mail"
    assert type(check_type(Kind.MAIL)) is str


def test_types_are_a_set_of_types_or_everything():
    """None stays None: every type."""
    assert check_types(["mail", "mail", Kind.MAIL, "web"]) == {"mail", "web"}
    assert check_types(None) is None


def test_a_single_text_instead_of_a_list_of_types_gets_a_hint():
    """Else each of its letters would be a type."""
    with pytest.raises(TypeError, match=r"write types=\['mail'\]"):
        check_types("mail")


@pytest.mark.parametrize(("types", "error"), [([], ValueError), ([""], ValueError), ([1], TypeError), (5, TypeError)])
def test_types_that_could_never_match_are_refused(types: Any, error: type[Exception]):
    """No types at all, and types that no task can have."""
    with pytest.raises(error, match="type"):
        check_types(types)


@given(st.integers(1, 1000))
def test_priorities_are_1_to_1000(priority: int):
    """Both ends included."""
    assert check_priority(priority) == priority


@given(st.integers(max_value=0) | st.integers(min_value=1001))
def test_other_priorities_are_refused(priority: int):
    """However large, with the range in the message."""
    with pytest.raises(ValueError, match=r"priority=.* give 1 to 1000"):
        check_priority(priority)


@pytest.mark.parametrize("value", [True, 5.0, "5", None])
def test_a_whole_number_must_be_one(value: Any):
    """True is not 1, and 5.0 is not 5."""
    with pytest.raises(TypeError, match=r"priority=.* give a whole number"):
        check_priority(value)


@pytest.mark.parametrize("value", [0, -1, 11])
def test_counts_have_bounds(value: Any):
    """From one to what the caller of the check allows."""
    assert check_positive_int("max_attempts", 10, 10) == check_limit(10, 10) == 10
    with pytest.raises(ValueError, match="max_attempts"):
        check_positive_int("max_attempts", value, 10)
    with pytest.raises(ValueError, match="limit"):
        check_limit(value, 10)


@given(st.floats(0, MAX_SECONDS) | st.integers(0, int(MAX_SECONDS)))
def test_seconds_are_stored_as_a_float(seconds: float):
    """Whole or broken, up to a century."""
    assert check_seconds("delay", seconds) == seconds
    assert isinstance(check_seconds("delay", seconds), float)


@pytest.mark.parametrize("seconds", [-1, -0.001, math.nan, math.inf, -math.inf, MAX_SECONDS * 1.01, 10**30])
def test_seconds_that_cannot_pass_are_refused(seconds: float):
    """Negative, not finite, or of a mistaken unit."""
    with pytest.raises(ValueError, match="delay="):
        check_seconds("delay", seconds)


@pytest.mark.parametrize("value", [True, "60", None, timedelta(minutes=1)])
def test_seconds_must_be_a_number(value: Any):
    """True is not one second."""
    with pytest.raises(TypeError, match=r"delay=.* give a number"):
        check_seconds("delay", value)


def test_seconds_may_have_a_higher_minimum():
    """Where zero makes no sense."""
    with pytest.raises(ValueError, match=r"lease=0 is out of range; give 0.5 to 3155760000"):
        check_seconds("lease", 0, minimum=0.5)


@pytest.mark.parametrize("value", ["weighted_random", "WEIGHTED_RANDOM", "Weighted-Random"])
def test_a_strategy_is_known_by_its_name_in_any_case(value: Any):
    """As a command line or an environment variable gives it."""
    assert check_strategy(value) is SchedulingStrategy.WEIGHTED_RANDOM


@pytest.mark.parametrize("member", [*SchedulingStrategy, *TaskStatus])
def test_a_member_is_itself(member: StrEnum):
    """Strategies and statuses pass as what they are, and by their names."""
    check = check_strategy if isinstance(member, SchedulingStrategy) else check_status
    assert check(member) is check(member.name) is check(member.value) is member


def test_an_unknown_choice_lists_the_known_ones():
    """So that the right one is at hand."""
    with pytest.raises(ValueError, match="strategy='random' is unknown; give one of: fifo, lifo, priority, weighted_"):
        check_strategy("random")
    with pytest.raises(TypeError, match=r"status=None .* give one of: scheduled, queued"):
        check_status(None)


def test_a_moment_is_stored_in_utc():
    """Whatever zone it was given in."""
    moment = check_moment("run_at", datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=2))))
    assert (moment, moment.tzinfo) == (NOON, UTC)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (datetime(2026, 3, 1), ValueError),  # noqa: DTZ001 - naive on purpose
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))), ValueError),
        (date(2026, 3, 1), TypeError),
        ("2026-03-01", TypeError),
        (1.0, TypeError),
    ],
)
def test_a_moment_that_is_not_one_is_refused(value: Any, error: type[Exception]):
    """Naive ones above all: nobody knows which zone they mean."""
    with pytest.raises(error, match=r"run_at=.*(give|use)"):
        check_moment("run_at", value)


def test_a_compatibility_has_one_form_only():
    """Keys are sorted at every level, since the text makes the lane."""
    one = compatibility_text({"gpu": True, "cpu": {"min": 1, "max": 8}})
    assert one == compatibility_text({"cpu": {"max": 8, "min": 1}, "gpu": True})
    assert one == '{"cpu": {"max": 8, "min": 1}, "gpu": true}'
    assert compatibility_text(None) == compatibility_text({}) == "{}"


@pytest.mark.parametrize(
    ("value", "error"),
    [({"cpu": {"atleast": 4}}, ValueError), ({"cpu": math.nan}, ValueError), ([], TypeError), ("", TypeError)],
)
def test_a_compatibility_without_meaning_is_refused(value: Any, error: type[Exception]):
    """Unknown operators, what is not JSON, and what is no dict."""
    with pytest.raises(error, match="compatibility"):
        compatibility_text(value)


def test_a_task_with_defaults_asks_no_clock():
    """It is due at once."""
    assert new_task("mail", {"to": "a"}, now=never) == NewTask(type="mail", payload='{"to":"a"}')


def test_every_option_reaches_its_field():
    """In stored form."""
    task = new_task(
        "mail",
        [1],
        now=noon,
        priority=1,
        compatibility={"gpu": True},
        max_attempts=3,
        max_crashes=2,
        delay=60,
        expires_in=90.5,
        idempotency_key="a",
        headers={"c": "d"},
        retry={"factor": 3},
        timeout=30,
    )
    assert task == NewTask(
        type="mail",
        payload="[1]",
        priority=1,
        compatibility='{"gpu": true}',
        max_attempts=3,
        max_crashes=2,
        run_after=NOON + timedelta(seconds=60),
        expires_at=NOON + timedelta(seconds=90.5),
        idempotency_key="a",
        headers='{"c": "d"}',
        retry=RetryPolicy(factor=3.0),
        timeout_seconds=30.0,
    )


@pytest.mark.parametrize(("past", "later"), [("delay", 3600), ("run_at", NOON + timedelta(hours=1))])
def test_a_delay_and_a_moment_say_the_same(past: str, later: Any):
    """Seconds from now, or the time itself."""
    assert new_task("mail", None, now=noon, **{past: later}).run_after == NOON + timedelta(hours=1)


def test_no_delay_is_at_once():
    """Zero seconds from now are the default, not a moment."""
    assert new_task("mail", None, now=noon, delay=0).run_after is None


@pytest.mark.parametrize(
    "option", sorted(TaskOptions.__annotations__.keys() - {"priority", "max_attempts", "max_crashes"})
)
def test_an_option_that_is_none_is_as_if_left_out(option: str):
    """So that a caller can pass his own defaults on."""
    assert new_task("mail", None, now=never, **{option: None}) == new_task("mail", None, now=never)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"delay": 1, "run_at": NOON}, ValueError, "run_at=.* says again what another option says"),
        ({"expires_in": 1, "expires_at": NOON}, ValueError, "expires_at=.* says again"),
        ({"delay": 60, "expires_in": 60}, ValueError, "would expire at .*, before it is due"),
        ({"delay": -1}, ValueError, "delay=-1"),
        ({"expires_in": 0}, ValueError, "expires_in=0"),
        ({"timeout": 0}, ValueError, "timeout=0"),
        ({"hard_timeout": 0}, ValueError, "hard_timeout=0"),
        ({"timeout": 5, "hard_timeout": 4}, ValueError, "hard_timeout=4.0 is less than timeout=5.0"),
        ({"run_at": datetime(2026, 3, 1)}, ValueError, "run_at=.* has no time zone"),  # noqa: DTZ001
        ({"priority": None}, TypeError, "priority=None"),
        ({"max_attempts": 0}, ValueError, "max_attempts=0"),
        ({"idempotency_key": ""}, ValueError, "idempotency_key=''"),
        ({"retry": {"facto": 2}}, ValueError, "unknown field 'facto'"),
        ({"prioritty": 1}, TypeError, "there is no option 'prioritty'; give some of: priority, compat"),
    ],
)
def test_a_task_that_cannot_be_is_refused(options: dict[str, Any], error: type[Exception], message: str):
    """Each option by its own rule, and options that contradict each other."""
    with pytest.raises(error, match=message):
        new_task("mail", {}, now=noon, **options)


def test_the_payload_limit_can_be_moved():
    """It belongs to the queue, not to the check."""
    assert new_task("mail", "x" * 8, now=noon, max_payload_bytes=10).payload == f'"{"x" * 8}"'
    with pytest.raises(ValueError, match="10 bytes are allowed"):
        new_task("mail", "x" * 9, now=noon, max_payload_bytes=10)


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000, [["x" * 1000] * 1000], 10**10_000, Unprintable(), "\ud800"],
    ids=["text", "lists", "integer", "unprintable", "surrogate"],
)
def test_a_value_is_shown_in_short_and_printable(value: Any):
    """Whatever it is, and even if its repr fails."""
    assert 0 < len(shown(value).encode()) < 1000
