"""A worker of one's own: on the roll while a block runs, beating from a thread, and told when it is to end."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any

from musterq.checks import capabilities_text, check_seconds, check_worker_id
from musterq.errors import QueueDatabaseError
from musterq.storage.base import Storage

SHORTEST_BEAT_SECONDS = 0.05
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_PATIENCE_SECONDS = 5.0  # with a beat that is being written when the block ends


class Beating:
    """A worker that beats: true as long as it may go on. `QueueMonitoring.heartbeat` gives it.

    Attributes:
        worker_id: Its id.
        removed: Whether somebody took it off the roll.
        error: Why the last beat could not be written, after which the next is tried all the same; None: it was.
    """

    def __init__(self, storage: Storage, worker_id: str, every: float) -> None:
        self.worker_id = worker_id
        self.removed = False
        self.error: QueueDatabaseError | None = None
        self._storage = storage
        self._every = every
        self._asked = False
        self._bell: SimpleQueue[None] = SimpleQueue()  # a signal handler may put into it, whatever it interrupts
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"musterq-heartbeat-{worker_id}", daemon=True)

    def __bool__(self) -> bool:
        """Whether to go on: nobody removed it, and nobody asked it to stop."""
        return not (self._asked or self.removed)

    def stop(self) -> None:
        """Ask it to end; callable from any thread and signal handler."""
        self._asked = True
        self._bell.put(None)

    def wait(self, seconds: float) -> bool:
        """Sleep for so long, or until it is to end; returns whether to go on.

        Raises:
            TypeError, ValueError: this is no number of seconds.
        """
        patience = check_seconds("seconds", seconds)
        try:
            self._bell.get(timeout=patience)
        except Empty:
            return bool(self)
        self._bell.put(None)  # it stays rung, for whoever waits next
        return bool(self)

    @contextmanager
    def _goes_on(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join(_PATIENCE_SECONDS)

    def _beat(self) -> None:
        while not self.removed and not self._over.wait(self._every):
            try:
                self.removed = not self._storage.heartbeat(self.worker_id)
                self.error = None
            except QueueDatabaseError as error:
                self.error = error
        self._bell.put(None)


@contextmanager
def beating(
    storage: Storage, worker_id: str, capabilities: dict[str, Any] | None, every: float, *, signals: bool
) -> Iterator[Beating]:
    """Register a worker, let it beat within the block, and take it off the roll at the end."""
    checked_id, text = check_worker_id(worker_id), capabilities_text(capabilities)
    worker = Beating(storage, checked_id, check_seconds("every", every, minimum=SHORTEST_BEAT_SECONDS))
    with _signals_stop(worker) if signals else contextlib.nullcontext():
        storage.register(checked_id, text)
        try:
            with worker._goes_on():  # noqa: SLF001  # no business of who is given it
                yield worker
        except BaseException:
            with contextlib.suppress(QueueDatabaseError):  # what ended the block says more
                _leave(storage, worker)
            raise
        _leave(storage, worker)


def _leave(storage: Storage, worker: Beating) -> None:
    if not worker.removed:  # else another may have this id by now
        storage.remove_worker(worker.worker_id)


@contextmanager
def _signals_stop(worker: Beating) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        raise ValueError("signals=True works in the main thread only, where Python handles signals; leave it out here")
    before = [(number, signal.signal(number, lambda *_: worker.stop())) for number in STOP_SIGNALS]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler or signal.SIG_DFL)  # None: it was set by other than Python
