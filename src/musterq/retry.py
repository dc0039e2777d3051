"""How long a task waits before its next attempt."""

from __future__ import annotations

import sys
from random import Random

import msgspec

from musterq.models import RetryPolicy
from musterq.scalars import check_number, check_seconds, shown

MAX_FACTOR = 1000.0


def delay_seconds(policy: RetryPolicy, attempt: int, random: Random) -> float:
    """Seconds to wait after an attempt failed; the first attempt is 1.

    initial × factor^(attempt − 1), at most ``max_seconds``, and then more or less by up to the share ``jitter``.
    """
    longest = min(policy.initial_seconds * _power(policy.factor, attempt - 1), policy.max_seconds)
    return longest * random.uniform(1 - policy.jitter, 1 + policy.jitter)


def check_retry(value: object) -> RetryPolicy | None:
    """A retry policy that was given as such, or as a dict of some of its fields; None stays None.

    Raises:
        TypeError: it is something else, or a field is not a number.
        ValueError: a field is unknown or out of range, or the first delay is over the longest.
    """
    if value is None:
        return None
    policy = value if isinstance(value, RetryPolicy) else _policy_of(value)
    checked = RetryPolicy(
        initial_seconds=check_seconds("retry.initial_seconds", policy.initial_seconds),
        factor=check_number("retry.factor", policy.factor, 1.0, MAX_FACTOR),
        max_seconds=check_seconds("retry.max_seconds", policy.max_seconds),
        jitter=check_number("retry.jitter", policy.jitter, 0.0, 1.0),
    )
    if checked.initial_seconds > checked.max_seconds:
        raise ValueError(f"retry={shown(checked)} waits longer at first than at most; raise max_seconds")
    return checked


def _policy_of(value: object) -> RetryPolicy:
    fields = ", ".join(RetryPolicy.__struct_fields__)
    if not isinstance(value, dict):
        raise TypeError(f"retry={shown(value)} is a {type(value).__name__}; give a RetryPolicy, or a dict of: {fields}")
    for name in value:
        if name not in RetryPolicy.__struct_fields__:
            raise ValueError(f"retry has the unknown field {shown(name)}; give some of: {fields}")
    return msgspec.structs.replace(RetryPolicy(), **value)


def _power(factor: float, exponent: int) -> float:
    """A power of a factor, as large as a float can be; an attempt below 1 (by plain SQL) counts as the first."""
    try:
        return float(factor) ** max(exponent, 0)
    except OverflowError:
        return sys.float_info.max
