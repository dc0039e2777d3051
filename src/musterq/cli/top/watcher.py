"""Threads that ask the database, so that keys answer at once however long that takes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from musterq.cli.top.actions import Action, perform
from musterq.cli.top.model import Model
from musterq.cli.top.snapshot import Snapshot
from musterq.cli.top.wanted import Wanted
from musterq.errors import QueueDatabaseError
from musterq.queue.task_queue import TaskQueue

_LONGEST_SLEEP = 5.0


class Watcher:
    """Keeps a snapshot fresh, and does what is asked for.

    Args:
        changed: Called, in any thread, when something came that somebody waits for.
    """

    def __init__(self, queue: TaskQueue, model: Model, wanted: Wanted, changed: Callable[[], None]) -> None:
        self.snapshot = Snapshot(location=queue.database.location)
        self._queue = queue
        self._model = model
        self._wanted = wanted
        self._changed = changed
        self._notices: deque[str] = deque()
        self._bell = threading.Event()
        self._is_ending = False
        self._fault: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="musterq-top", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self, patience: float) -> None:
        """Read no more. It is not waited for longer than this, should the database not answer."""
        self._is_ending = True
        self._bell.set()
        self._thread.join(patience)

    def want(self, wanted: Wanted) -> None:
        """Read this from now on."""
        if wanted != self._wanted:
            self._wanted = wanted
            self._bell.set()

    def do(self, action: Action) -> None:
        """Do this, while reading goes on: a write may have to wait for others."""
        threading.Thread(target=self._act, args=(action,), name="musterq-top-action", daemon=True).start()

    def notice(self) -> str | None:
        """What came of an action, once; None: nothing new."""
        return self._notices.popleft() if self._notices else None

    def check(self) -> None:
        """Raise what has ended the reading, if anything did: a mistake of the program's."""
        if self._fault is not None:
            raise self._fault

    def _run(self) -> None:
        try:
            self._read()
        except Exception as fault:  # noqa: BLE001  # it is raised where it can be seen
            self._fault = fault
            self._changed()

    def _read(self) -> None:
        shown: Wanted | None = None
        while not self._is_ending:
            wanted = self._wanted
            self.snapshot = self._model.refresh(wanted)
            if wanted != shown:
                self._changed()
            shown = wanted
            self._bell.wait(min(self._model.wait(wanted), _LONGEST_SLEEP))
            self._bell.clear()

    def _act(self, action: Action) -> None:
        try:
            self._notices.append(perform(self._queue, action))
        except (QueueDatabaseError, ValueError) as error:
            self._notices.append(f"not done: {error}")
        self._model.forget()
        self._bell.set()
        self._changed()
