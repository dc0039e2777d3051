"""What happens, told to whoever subscribed, as log lines are; and the tracer, which stands around what happens.

This module knows nobody. A subscriber that fails is reported by the standard ``logging`` and
never reaches the code in which the event happened.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from musterq.tracing import Tracer

Subscriber = Callable[[str, Mapping[str, object]], None]


class Events:
    """A list of subscribers, and ``emit``, which tells each of them.

    Attributes:
        tracer: who traces what is enqueued and run; None: nobody.
    """

    def __init__(self) -> None:
        self._subscribers: tuple[Subscriber, ...] = ()
        self.tracer: Tracer | None = None

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call ``subscriber(name, facts)`` for every event from now on; returns what unsubscribes it."""
        self._subscribers = (*self._subscribers, subscriber)
        return lambda: self._unsubscribe(subscriber)

    def __bool__(self) -> bool:
        """Whether anybody is told: who emits often asks first."""
        return bool(self._subscribers)

    def emit(self, name: str, **facts: object) -> None:
        """Tell every subscriber that ``name`` happened."""
        for subscriber in self._subscribers:
            try:
                subscriber(name, facts)
            except Exception:
                logging.getLogger("musterq").exception("a subscriber of the event %s failed", name)

    def _unsubscribe(self, subscriber: Subscriber) -> None:
        self._subscribers = tuple(s for s in self._subscribers if s is not subscriber)
