"""Keys do what the help says."""

from __future__ import annotations

import pytest

from musterq.cli.top.actions import Action, Verb
from musterq.cli.top.keymap import QuitTop, press
from musterq.cli.top.sheet import listed
from musterq.cli.top.sheets import SHEETS
from musterq.cli.top.snapshot import Snapshot, Tasks
from musterq.cli.top.ui import Ui
from musterq.cli.top.wanted import Kind, Span, Which
from musterq.models import TaskStatus
from tests.cli.top.snapshots import RUNNING, finding, running, snapshot, task, task_detail, worker, worker_detail


def after(ui: Ui, seen: Snapshot, *keys: str) -> Ui:
    for key in keys:
        press(ui, key, seen)
    return ui


def rows(ui: Ui, seen: Snapshot) -> list[object]:
    sheet = SHEETS[ui.place.kind]
    return [sheet.key(item) for item in listed(sheet, seen, ui.place) or []]


def failed(id: int = 3) -> Snapshot:
    which = Which(TaskStatus.FAILED)
    return snapshot(tasks=Tasks(which=which, items=[task(id, status="failed", error_message="no")], more=False))


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        (["2"], Kind.WORKERS),
        (["3", "1"], Kind.TYPES),
        (["tab"], Kind.WORKERS),
        (["left"], Kind.HEALTH),
        (["4", "right"], Kind.TYPES),
        (["2", "backtab"], Kind.TYPES),
        (["enter"], Kind.TASKS),
        (["enter", "escape"], Kind.TYPES),
        (["2", "enter"], Kind.WORKER),
        (["3", "enter"], Kind.TASK),
        (["3", "enter", "backspace"], Kind.TASKS),
        (["4", "enter"], Kind.WORKER),
        (["2", "enter", "enter"], Kind.TASK),
        (["2", "enter", "1"], Kind.TYPES),
        (["o", "1", "7", "enter"], Kind.TASK),
        (["escape"], Kind.TYPES),
    ],
)
def test_keys_lead_from_place_to_place(keys: list[str], kind: Kind):
    """Pages by number and arrows, Enter looks into, Esc goes back."""
    ui = after(Ui(Kind.TYPES), snapshot(worker=worker_detail("w-2")), *keys)
    assert ui.place.kind is kind


def test_what_is_looked_into_is_asked_of_the_database():
    """The tasks of the type, the worker, the task."""
    seen = snapshot()
    assert after(Ui(Kind.TYPES), seen, "enter").wanted.which == Which(None, "thumbnail")
    assert after(Ui(Kind.WORKERS), seen, "enter").wanted.worker_id == "w-2"
    assert after(Ui(Kind.TASKS), seen, "enter").wanted.task_id == 17


def test_a_finding_leads_to_what_it_is_about():
    """A worker, the tasks of a type; nowhere where it is about the queue."""
    seen = snapshot(findings=[finding(check="failing", subject="mail")])
    assert after(Ui(Kind.HEALTH), seen, "enter").wanted.which == Which(None, "mail")
    seen = snapshot(findings=[finding(check="nobody", subject=None)])
    assert after(Ui(Kind.HEALTH), seen, "enter").place.kind is Kind.HEALTH


@pytest.mark.parametrize("kind", [Kind.TYPES, Kind.WORKERS, Kind.TASKS, Kind.HEALTH])
def test_enter_on_an_empty_list_does_nothing(kind: Kind):
    """There is nothing under the cursor; nor is there before anything was read."""
    for seen in (Snapshot(location="queue.db"), Snapshot(location="queue.db", at=1.0, workers=[])):
        assert after(Ui(kind), seen, "enter", "down", "end", "page up").place.kind is kind


def test_sorting_goes_through_the_orders_and_turns_around():
    """Queued first; s again takes the next one."""
    seen = snapshot()
    ui = Ui(Kind.TYPES)
    assert rows(ui, seen) == ["thumbnail", "mail"]
    assert rows(after(ui, seen, "S"), seen) == ["mail", "thumbnail"]
    assert rows(after(ui, seen, "s", "s"), seen) == ["mail", "thumbnail"]  # by failed
    orders = len(SHEETS[Kind.TYPES].orders)
    assert rows(after(ui, seen, *["s"] * (orders - 2)), seen) == ["thumbnail", "mail"]


@pytest.mark.parametrize("kind", list(SHEETS))
def test_every_order_sorts_every_list(kind: Kind):
    """Also where something is not known of a row."""
    seen = snapshot(
        workers=[worker("w-1", host=None), worker("w-2", "a new state")],
        tasks=Tasks(
            which=RUNNING, items=[running(1), running(2, processing_started_utc=None, locked_by=None)], more=False
        ),
        findings=[finding(), finding("warning", subject=None, since_utc=None)],
        worker=worker_detail("w-1"),
    )
    ui = after(Ui(kind), seen) if kind is not Kind.WORKER else after(Ui(Kind.WORKERS), seen, "end", "enter")
    for _ in SHEETS[kind].orders:
        assert rows(after(ui, seen, "s"), seen)
        assert rows(after(ui, seen, "S"), seen)


def test_a_filter_keeps_rows_that_contain_its_text():
    """Typed, corrected, and ended with Esc."""
    seen = snapshot()
    ui = after(Ui(Kind.WORKERS), seen, "/", *"LOXX", "backspace", "backspace", "enter")
    assert rows(ui, seen) == ["w-2"]
    assert rows(after(ui, seen, "escape"), seen) == ["w-2", "w-1"]
    ui = after(ui, seen, "/", *"nothing", "escape")
    assert len(rows(ui, seen)) == 2


def test_keys_are_text_while_one_types():
    """A q quits nothing."""
    ui = after(Ui(Kind.TYPES), snapshot(), "/", "q", "up")
    assert ui.prompt is not None
    assert ui.prompt.text == "q"


def test_a_word_that_is_no_number_opens_no_task():
    """And says so."""
    ui = after(Ui(Kind.TYPES), snapshot(), "o", "x", "enter")
    assert ui.place.kind is Kind.TYPES
    assert "'x' is no task's number" in ui.notice


def test_the_cursor_stays_on_its_row_when_rows_move():
    """And on the first place while nobody moved it."""
    seen = snapshot(workers=[worker("w-1"), worker("w-2"), worker("w-3")])
    moved = snapshot(workers=[worker("w-0"), worker("w-1"), worker("w-2"), worker("w-3")])
    assert after(after(Ui(Kind.WORKERS), seen, "down"), moved, "enter").wanted.worker_id == "w-2"
    assert after(after(Ui(Kind.WORKERS), seen, "down", "up"), moved, "enter").wanted.worker_id == "w-0"
    assert after(after(Ui(Kind.WORKERS), seen, "down"), moved, "down", "enter").wanted.worker_id == "w-3"
    gone = snapshot(workers=[worker("w-1"), worker("w-3")])
    assert after(after(Ui(Kind.WORKERS), seen, "j"), gone, "enter").wanted.worker_id == "w-3"


def test_f_goes_through_the_statuses_and_back():
    """On the tasks of a type it keeps the type."""
    seen = snapshot()
    ui = after(Ui(Kind.TYPES), seen, "enter")
    statuses = [after(ui, seen, "f").wanted.which for _ in range(7)]
    assert {which.status for which in statuses} == {None, *TaskStatus}
    assert {which.type for which in statuses} == {"thumbnail"}
    assert after(Ui(Kind.TYPES), seen, "f").place.kind is Kind.TYPES


def test_t_changes_the_span_of_the_charts():
    """An hour, live, a day."""
    ui = Ui(Kind.TYPES)
    assert [after(ui, snapshot(), "t").span for _ in range(3)] == [Span.LIVE, Span.DAY, Span.HOUR]


def test_help_goes_with_any_key():
    """Also with q, which then quits nothing."""
    ui = after(Ui(Kind.TYPES), snapshot(), "?")
    assert ui.help
    assert not after(ui, snapshot(), "q").help


def test_q_quits():
    """At once."""
    with pytest.raises(QuitTop):
        press(Ui(Kind.TYPES), "q", snapshot())


@pytest.mark.parametrize(
    ("seen", "keys", "action"),
    [
        (failed(), ["3", "f", "r"], Action(Verb.RETRY, 3)),
        (snapshot(), ["3", "c"], Action(Verb.CANCEL, 17)),
        (snapshot(task=task_detail(running(17))), ["3", "enter", "c"], Action(Verb.CANCEL, 17)),
        (snapshot(worker=worker_detail("w-2")), ["2", "enter", "c"], Action(Verb.CANCEL, 17)),
        (snapshot(), ["p"], Action(Verb.PAUSE, "thumbnail")),
        (snapshot(), ["down", "p"], Action(Verb.RESUME, "mail")),
        (snapshot(), ["3", "p"], Action(Verb.PAUSE, "thumbnail")),
        (snapshot(task=task_detail(running(17))), ["3", "enter", "p"], Action(Verb.PAUSE, "thumbnail")),
    ],
)
def test_what_writes_asks_first(seen: Snapshot, keys: list[str], action: Action):
    """Only a y does it."""
    ui = after(Ui(Kind.TYPES), seen, *keys)
    assert ui.prompt is not None
    assert ui.prompt.label == action.question
    assert ui.actions == []
    assert after(ui, seen, "n").notice == "nothing was done"
    assert ui.actions == []
    assert after(ui, seen, keys[-1], "y").actions == [action]


@pytest.mark.parametrize(
    ("seen", "keys", "notice"),
    [
        (snapshot(), ["3", "r"], "has not finished"),
        (failed(), ["3", "f", "c"], "has finished"),
        (snapshot(), ["r"], "no task under the cursor"),
        (snapshot(), ["4", "c"], "no task under the cursor"),
        (snapshot(), ["2", "p"], "no type under the cursor"),
        (snapshot(), ["o", "9", "enter", "p"], "no type under the cursor"),
        (snapshot(), ["o", "9", "enter", "r"], "no task under the cursor"),
    ],
)
def test_what_cannot_be_done_is_told_and_not_asked(seen: Snapshot, keys: list[str], notice: str):
    """With the reason."""
    ui = after(Ui(Kind.TYPES), seen, *keys)
    assert notice in ui.notice
    assert ui.prompt is None
