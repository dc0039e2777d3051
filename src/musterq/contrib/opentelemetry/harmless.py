"""Faults of tracing: whatever a propagator or a processor of spans raises, tasks are written and run as without it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import ParamSpec, TypeVar

from musterq.models import Enqueued, NewTask, Outcome

_LOG = logging.getLogger("musterq")
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def harmless(step: Callable[Arguments, Result]) -> Callable[Arguments, Result | None]:
    """A step of tracing whose errors are logged; it returns None then."""

    @wraps(step)
    def take(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result | None:
        try:
            return step(*args, **kwargs)
        except Exception:  # noqa: BLE001 - it is logged, and no fault of whoever is traced
            _LOG.exception("tracing failed, and is left out here")
            return None

    return take


class Untraced:
    """Tasks that are written, or an attempt that runs, without a span."""

    def __init__(self, tasks: Sequence[NewTask] = ()) -> None:
        self.tasks = tasks

    def written(self, made: Sequence[Enqueued] | None) -> None:
        """Nothing is noted."""

    def failed(self, error: BaseException) -> None:
        """Nothing is noted."""

    def ended(self, outcome: Outcome) -> None:
        """Nothing is noted."""

    def in_child(self) -> AbstractContextManager[object]:
        """Nothing stands around the handler there."""
        return nullcontext()

    def end(self) -> None:
        """There is nothing to end."""
