"""What can be done with keys: move through places, change what is shown there, ask for something to be done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import typer

from musterq.cli.moves import not_cancelled, not_retried
from musterq.cli.options import task_id
from musterq.cli.top.actions import Action, Verb
from musterq.cli.top.place import Key, Place
from musterq.cli.top.sheet import listed
from musterq.cli.top.sheets import SHEETS
from musterq.cli.top.sheets.workers import STATES
from musterq.cli.top.snapshot import Snapshot
from musterq.cli.top.wanted import PAGES, Kind, Span, Wanted, Which
from musterq.models import FINISHED, Task, TaskStatus

_STATUSES: tuple[TaskStatus | None, ...] = (
    TaskStatus.PROCESSING,
    TaskStatus.FAILED,
    TaskStatus.QUEUED,
    TaskStatus.SCHEDULED,
    TaskStatus.COMPLETED,
    TaskStatus.CANCELLED,
    None,
)


@dataclass(slots=True)
class Prompt:
    """A line that is being typed, or a question that waits for a yes."""

    label: str
    done: Callable[[str], None]
    text: str = ""
    action: Action | None = None


class Ui:
    """Where somebody is, and what is being typed.

    Attributes:
        rows: how many rows or lines of the place have room, as it was drawn last.
        notice: what came of the last key, until the next one.
        actions: what is to be done.
    """

    def __init__(self, first: Kind) -> None:
        self._pages = {kind: Place(kind) for kind in PAGES}
        self._pages[Kind.TASKS].which = Which(TaskStatus.PROCESSING)
        self._way = [self._pages[first]]
        self.span = Span.HOUR
        self.help = False
        self.prompt: Prompt | None = None
        self.notice = ""
        self.rows = 1
        self.actions: list[Action] = []

    @property
    def place(self) -> Place:
        """Where somebody is."""
        return self._way[-1]

    @property
    def wanted(self) -> Wanted:
        """What the database is to be asked for."""
        place = self.place
        return Wanted(
            kind=place.kind,
            which=place.which,
            worker_id=str(place.subject) if place.kind is Kind.WORKER else None,
            task_id=int(place.subject or 0) if place.kind is Kind.TASK else None,
            span=self.span,
        )

    def go_to(self, kind: Kind) -> None:
        """Show a page."""
        self._way = [self._pages[kind]]

    def open(self, place: Place) -> None:
        """Go further from here."""
        self._way.append(place)

    def back(self) -> None:
        """To where one came from; on a page, end its filter."""
        if self.place.words:
            self._filter("")
        elif len(self._way) > 1:
            self._way.pop()

    def next_page(self, step: int) -> None:
        """To the page beside this one."""
        kinds = list(PAGES)
        here = kinds.index(self._way[0].kind)
        self.go_to(kinds[(here + step) % len(kinds)])

    def move(self, snapshot: Snapshot, rows: int) -> None:
        """Move the cursor, or the text of a task."""
        if self.place.kind is Kind.TASK:
            self.place.top = max(0, self.place.top + rows)
        else:
            keys = self._keys(snapshot)
            self.place.settle(keys, self.rows)
            self.place.move(keys, rows)

    def choose(self, snapshot: Snapshot) -> None:
        """Look into what is under the cursor."""
        item = self._under_cursor(snapshot)
        if item is None:
            return
        match self.place.kind:
            case Kind.TYPES:
                self.open(Place(Kind.TASKS, which=Which(type=item.type)))
            case Kind.WORKERS:
                self.open(Place(Kind.WORKER, item["worker_id"]))
            case Kind.TASKS | Kind.WORKER:
                self.open(Place(Kind.TASK, item.id))
            case Kind.HEALTH if item["subject"] in snapshot.counts.by_type():
                self.open(Place(Kind.TASKS, which=Which(type=item["subject"])))
            case Kind.HEALTH if item["check"] in STATES:
                self.open(Place(Kind.WORKER, item["subject"]))

    def sort(self) -> None:
        """By the next order."""
        place = self.place
        if place.kind in SHEETS:
            place.sort, place.turned = (place.sort + 1) % len(SHEETS[place.kind].orders), False

    def turn(self) -> None:
        """The other way around."""
        self.place.turned = not self.place.turned

    def next_status(self) -> None:
        """Tasks of the next status."""
        if self.place.kind is Kind.TASKS:
            which = self.place.which
            following = _STATUSES[(_STATUSES.index(which.status) + 1) % len(_STATUSES)]
            self.place.which = Which(following, which.type)
            self.place.show_again()

    def next_span(self) -> None:
        """Charts of another span."""
        spans = list(Span)
        self.span = spans[(spans.index(self.span) + 1) % len(spans)]

    def ask_filter(self) -> None:
        """Let a filter be typed."""
        if self.place.kind in SHEETS:
            self.prompt = Prompt("filter", self._filter, self.place.words)

    def ask_task(self) -> None:
        """Let the number of a task be typed."""
        self.prompt = Prompt("task number", self._open_task)

    def pause(self, snapshot: Snapshot) -> None:
        """Pause a type, or resume it."""
        type = self._type(snapshot)
        if type is None:
            self.notice = "there is no type under the cursor"
        else:
            self._ask(Action(Verb.RESUME if type in snapshot.counts.paused else Verb.PAUSE, type))

    def retry(self, snapshot: Snapshot) -> None:
        """Retry a task that has finished."""
        task = self._task(snapshot)
        if task is not None and task.status not in FINISHED:
            self.notice = not_retried(task)
        elif task is not None:
            self._ask(Action(Verb.RETRY, task.id))

    def cancel(self, snapshot: Snapshot) -> None:
        """Cancel a task that has not."""
        task = self._task(snapshot)
        if task is not None and task.status in FINISHED:
            self.notice = not_cancelled(task)
        elif task is not None:
            self._ask(Action(Verb.CANCEL, task.id))

    def _ask(self, action: Action) -> None:
        self.prompt = Prompt(action.question, lambda _: self.actions.append(action), action=action)

    def answer(self, prompt: Prompt, key: str) -> None:
        """Type on, or decide."""
        if prompt.action is not None:
            self.prompt = None
            if key in ("y", "Y"):
                self.notice = f"{prompt.label.removesuffix('?')} is under way"
                prompt.done("")
            else:
                self.notice = "nothing was done"
        elif key == "enter":
            self.prompt = None
            prompt.done(prompt.text)
        elif key == "escape":
            self.prompt = None
        elif key == "backspace":
            prompt.text = prompt.text[:-1]
        elif len(key) == 1:
            prompt.text += key

    def _filter(self, words: str) -> None:
        self.place.words = words
        self.place.show_again()

    def _open_task(self, text: str) -> None:
        try:
            self.open(Place(Kind.TASK, task_id(text.strip())))
        except typer.BadParameter as refusal:
            self.notice = refusal.message

    def _keys(self, snapshot: Snapshot) -> list[Key]:
        sheet = SHEETS[self.place.kind]
        return [sheet.key(item) for item in listed(sheet, snapshot, self.place) or []]

    def _under_cursor(self, snapshot: Snapshot) -> Any:
        if self.place.kind not in SHEETS:
            return None
        items = listed(SHEETS[self.place.kind], snapshot, self.place) or []
        self.place.settle([SHEETS[self.place.kind].key(item) for item in items], self.rows)
        return items[self.place.row] if items else None

    def _task(self, snapshot: Snapshot) -> Task | None:
        found = snapshot.task.task if self.place.kind is Kind.TASK and snapshot.task else self._under_cursor(snapshot)
        if isinstance(found, Task):
            return found
        self.notice = "there is no task under the cursor; press 3 for tasks"
        return None

    def _type(self, snapshot: Snapshot) -> str | None:
        if self.place.kind is Kind.TASK:
            return snapshot.task.task.type if snapshot.task and snapshot.task.task else None
        found: str | None = getattr(self._under_cursor(snapshot), "type", None)
        return found
