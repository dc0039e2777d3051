"""What asks a worker to stop: signals, and the process that started it."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from musterq.cli.errors import UsageError
from musterq.cli.output import note

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def signals_call(handlers: Mapping[signal.Signals, Callable[[], None]]) -> Iterator[None]:
    """In this block, signals call these; afterwards they do what they did before."""
    before = {number: signal.signal(number, _calls(handler)) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Stopping:
    """Passes requests to stop on: a second one counts as such only if it comes from where the first one came from.

    So nothing is given back at once because a parent and a service manager ask for the same stop.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._asked: Counter[str] = Counter()
        self._passed_on = 0
        self._lock = threading.RLock()  # a signal handler may interrupt its own thread

    def __bool__(self) -> bool:
        """Whether anybody asked."""
        return bool(self._asked)

    def ask(self, source: str) -> None:
        """Stop; ``source`` is whoever asks."""
        with self._lock:
            self._asked[source] += 1
            while self._passed_on < self._asked[source]:
                self._passed_on += 1
                self._stop()

    def by_signal(self) -> None:
        """A signal came."""
        self.ask("signal")


class Parent:
    """The process that started this one and holds the other end of a pipe: each byte, and its end, ask to stop."""

    def __init__(self, descriptor: int) -> None:
        try:
            os.fstat(descriptor)
        except OSError as error:
            raise UsageError(f"--until-eof {descriptor}: there is no such open file: {error.strerror}") from error
        self._descriptor = descriptor
        self._stopping: Stopping | None = None
        threading.Thread(target=self._listen, name="musterq-parent", daemon=True).start()

    def stops(self, stopping: Stopping) -> None:
        """Pass its requests on to this; until now there was nothing to wind down, and the process just ended."""
        self._stopping = stopping

    def _listen(self) -> None:
        while os.read(self._descriptor, 1):
            self._ask("parent")
        self._ask("end of the parent")

    def _ask(self, source: str) -> None:
        if self._stopping is None:
            os._exit(0)
        self._stopping.ask(source)


def say_how_to_stop_at_once(name: str, facts: Mapping[str, object]) -> None:
    """A subscriber: when a worker begins to stop on request, say what it waits for."""
    if name == "worker.stopping" and facts["reason"] == "asked" and facts["running"]:
        note(
            f"stopping: tasks it still holds: {facts['running']}; waits up to {facts['grace_seconds']:g} s for them;"
            " once more to give them back now"
        )


def _calls(handler: Callable[[], None]) -> Callable[[int, object], None]:
    return lambda _number, _frame: handler()
