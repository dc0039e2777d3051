"""How long a task waits before its next attempt."""

import math
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musterq.models import DEFAULT_RETRY, RetryPolicy
from musterq.retry import check_retry, delay_seconds

POLICIES = st.builds(
    lambda initial, more, factor, jitter: RetryPolicy(
        initial_seconds=initial, factor=factor, max_seconds=initial + more, jitter=jitter
    ),
    st.floats(0, 1e6),
    st.floats(0, 1e6),
    st.floats(1, 1000),
    st.floats(0, 1),
)


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (10_000, 300)])
def test_the_default_doubles_up_to_five_minutes(attempt: int, seconds: float):
    """One second first; exact where there is no jitter."""
    assert delay_seconds(RetryPolicy(jitter=0.0), attempt, Random(1)) == seconds


@given(POLICIES, st.integers(1, 60), st.integers())
def test_jitter_moves_a_delay_by_its_share(policy: RetryPolicy, attempt: int, seed: int):
    """Never further than the share that the policy says, to either side."""
    middle = min(policy.initial_seconds * policy.factor ** (attempt - 1), policy.max_seconds)
    delay = delay_seconds(policy, attempt, Random(seed))
    assert middle * (1 - policy.jitter) * 0.999999 <= delay <= middle * (1 + policy.jitter) * 1.000001


@given(POLICIES, st.integers(-(2**63), 2**63), st.integers())
def test_no_attempt_is_too_many(policy: RetryPolicy, attempt: int, seed: int):
    """Whatever number plain SQL wrote, the delay is finite, not negative, and bounded."""
    assert 0 <= delay_seconds(policy, attempt, Random(seed)) <= 2 * policy.max_seconds


def test_delays_of_many_tasks_spread():
    """Tasks that failed together do not come back together."""
    random = Random(1)
    assert len({delay_seconds(DEFAULT_RETRY, 3, random) for _ in range(100)}) > 90


def test_no_policy_stays_none():
    """The default is chosen by whoever writes the task."""
    assert check_retry(None) is None


@given(POLICIES)
def test_a_good_policy_is_itself(policy: RetryPolicy):
    """Given as such, or as a dict."""
    as_dict = {name: getattr(policy, name) for name in policy.__struct_fields__}
    assert check_retry(policy) == check_retry(as_dict) == policy


def test_a_dict_may_name_some_fields():
    """The others stay at their defaults; whole numbers are stored as floats."""
    checked = check_retry({"initial_seconds": 5})
    assert checked == RetryPolicy(initial_seconds=5.0)
    assert isinstance(checked.initial_seconds, float)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (5, TypeError, "give a RetryPolicy, or a dict of: initial_seconds, factor, max_seconds, jitter"),
        ("fast", TypeError, "retry='fast'"),
        ({"facto": 2}, ValueError, "unknown field 'facto'; give some of"),
        ({2: 2}, ValueError, "unknown field 2"),
        ({"factor": "2"}, TypeError, "retry.factor='2'"),
        ({"factor": True}, TypeError, "retry.factor=True"),
        ({"factor": 0.5}, ValueError, "retry.factor=0.5 is out of range; give 1 to 1000"),
        ({"factor": math.nan}, ValueError, "retry.factor=nan"),
        ({"jitter": 1.1}, ValueError, "retry.jitter=1.1 is out of range; give 0 to 1"),
        ({"initial_seconds": -1}, ValueError, "retry.initial_seconds=-1"),
        ({"max_seconds": math.inf}, ValueError, "retry.max_seconds=inf"),
        ({"initial_seconds": 600}, ValueError, "raise max_seconds"),
        (RetryPolicy(jitter=-1), ValueError, "retry.jitter=-1"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(value: Any, error: type[Exception], message: str):
    """With the field by name, and its range."""
    with pytest.raises(error, match=message):
        check_retry(value)
