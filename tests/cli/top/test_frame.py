"""A snapshot becomes a picture that fits any terminal."""

from __future__ import annotations

import pytest

from musterq.cli.top.body import Size
from musterq.cli.top.cells import line_width
from musterq.cli.top.frame import frame
from musterq.cli.top.keymap import HELP, press
from musterq.cli.top.screen import plain
from musterq.cli.top.sheet import Look
from musterq.cli.top.snapshot import Counts, Snapshot, Tasks, Trouble
from musterq.cli.top.symbols import ASCII, UNICODE, Symbols
from musterq.cli.top.ui import Ui
from musterq.cli.top.wanted import Kind, Which
from musterq.models import TaskStatus
from tests.cli.top.snapshots import (
    EPOCH,
    HOSTILE,
    RUNNING,
    finding,
    running,
    snapshot,
    task,
    task_detail,
    worker,
    worker_detail,
)

SIZES = [(60, 20), (80, 24), (140, 50), (20, 5), (1, 1), (300, 12)]
PAGES = [Kind.TYPES, Kind.WORKERS, Kind.TASKS, Kind.HEALTH]


def picture(ui: Ui, seen: Snapshot, width: int = 140, height: int | None = 50, symbols: Symbols = UNICODE) -> list[str]:
    lines = frame(ui, Look(seen, symbols, EPOCH), Size(width, height))
    if height is not None:
        assert len(lines) == height
    assert all(line_width(line) <= width for line in lines)
    return [plain(line) for line in lines]


def text(ui: Ui, seen: Snapshot, width: int = 140, height: int | None = 50) -> str:
    return "\n".join(picture(ui, seen, width, height))


def opened(kind: Kind, seen: Snapshot) -> Ui:
    """Somebody who has looked into the first row of a page."""
    ui = Ui(kind)
    press(ui, "enter", seen)
    return ui


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("kind", PAGES)
def test_a_picture_fits_any_terminal(kind: Kind, width: int, height: int):
    """As many lines as it has rows, none too wide; also the help, and nothing read yet."""
    ui = Ui(kind)
    picture(ui, snapshot(), width, height)
    picture(ui, Snapshot(location="/data/queue.db"), width, height)
    press(ui, "?", snapshot())
    picture(ui, snapshot(), width, height)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_what_is_looked_into_fits_any_terminal(width: int, height: int):
    """A worker, and a task."""
    seen = snapshot(worker=worker_detail("w-2"), task=task_detail(running(17, error_message="x" * 500)))
    picture(opened(Kind.WORKERS, seen), seen, width, height)
    picture(opened(Kind.TASKS, seen), seen, width, height)


@pytest.mark.parametrize("kind", PAGES)
def test_nothing_that_is_shown_can_steer_the_terminal(kind: Kind):
    """Types, ids, messages and findings are somebody else's."""
    hostile = running(17, type=HOSTILE, locked_by=HOSTILE, progress_message=HOSTILE, error_message=HOSTILE)
    seen = snapshot(
        location=HOSTILE,
        counts=Counts(tasks={(HOSTILE, TaskStatus.QUEUED): 1}, paused=[HOSTILE]),
        findings=[finding(subject=HOSTILE, what=HOSTILE, advice=HOSTILE)],
        workers=[worker(HOSTILE, host=HOSTILE, status_reason=HOSTILE)],
        tasks=Tasks(which=RUNNING, items=[hostile], more=False),
        trouble=Trouble(message=HOSTILE, since=EPOCH),
        worker=worker_detail(HOSTILE, activity=worker(HOSTILE, types=[HOSTILE], version=HOSTILE)),
        task=task_detail(hostile, summary=HOSTILE),
    )
    for ui in (Ui(kind), opened(kind, seen)):
        ui.place.words = "evil"
        ui.notice = HOSTILE
        for symbols in (UNICODE, ASCII):
            for line in picture(ui, seen, symbols=symbols):
                assert line.isprintable()


def test_plain_signs_draw_the_same_picture():
    """On a terminal without Unicode every sign of ours can be shown."""
    ui = Ui(Kind.TYPES)
    assert "".join(picture(ui, snapshot(), symbols=ASCII)).isascii()


def test_the_summary_tells_how_the_queue_is():
    """Depths, pace, failures, waits, the oldest, and who is at work."""
    shown = text(Ui(Kind.TYPES), snapshot(), 80, 24)
    for words in ("queued     1,234,574", "failed             3", "oldest        12 min", "workers          1/2"):
        assert words in shown
    assert "now            125/s" in shown
    assert "finished       10/s   10/min" in shown
    assert "failed       10.0 %   10.0 %" in shown
    assert "wait p95     250 ms   250 ms" in shown
    assert "unservable         4" in shown


def test_a_narrow_summary_tells_alarms_in_a_line():
    """And leaves out what is zero."""
    line = next(line for line in picture(Ui(Kind.TYPES), snapshot(), 60, 20) if "oldest" in line)
    assert line.startswith("now ")
    assert "stale 1" in line
    assert "missing" not in line


def test_findings_stand_on_top_and_the_worst_is_first():
    """As many as have room; how many more there are is said."""
    findings = [finding(), *(finding("warning", subject=f"w-{number}") for number in range(5))]
    lines = picture(Ui(Kind.TYPES), snapshot(findings=findings), 80, 24)
    assert lines[1] == "critical worker w-2 is lost (3 min)"
    assert lines[2].startswith("warning worker w-0 is lost")
    assert lines[2].endswith("+4 more: key 4")
    assert any("4 health (6)" in line for line in lines)


def test_a_database_that_does_not_answer_is_told_on_top():
    """With how long, and what is known stays."""
    lines = picture(Ui(Kind.TYPES), snapshot(trouble=Trouble(message="it is busy", since=EPOCH - 12)))
    assert lines[1] == "no answer for 12 s: it is busy"
    assert any("thumbnail" in line for line in lines)


def test_a_type_has_its_depths_and_figures():
    """A paused one is marked."""
    lines = picture(Ui(Kind.TYPES), snapshot())
    (mail,) = [line.split() for line in lines if line.startswith("mail")]
    assert " ".join(mail) == "mail (paused) 7 ▅█ 0 0 0 3 0 30 s 250 ms 250 ms"


def test_a_worker_has_its_state_and_the_age_of_its_beat():
    """Which grows while nothing new is read; the worst is first."""
    seen = snapshot(workers_at=EPOCH - 5)
    lines = picture(Ui(Kind.WORKERS), seen)
    first, second = [line.split() for line in lines if line.startswith("w-")]
    assert first[:4] == ["w-2", "lost", "6", "min"]
    assert second[:6] == ["w-1", "busy", "8", "s", "2/8", "node-1"]


def test_a_running_task_has_its_progress():
    """As a bar, in percent and in words."""
    (line,) = [line for line in picture(Ui(Kind.TASKS), snapshot()) if "thumbnail" in line]
    assert line.split(maxsplit=5) == ["17", "thumbnail", "processing", "10", "s", line.split(maxsplit=5)[5]]
    assert "██░░░░  40 %" in line
    assert line.endswith("page 4 of 10")


@pytest.mark.parametrize(
    ("shown", "time", "note"),
    [
        (task(1, status="queued"), "1 min", ""),
        (task(1, status="scheduled", run_after_utc=None), "1 min", ""),
        (running(1, cancel_requested=True), "10 s", "asked to stop"),
        (task(1, status="failed", error_message="no such file"), "–", "no such file"),
    ],
)
def test_a_task_has_the_time_and_note_of_its_status(shown: object, time: str, note: str):
    """Since it came in, was started, or ended."""
    which = Which(None)
    ui = Ui(Kind.TASKS)
    ui.place.which = which
    lines = picture(ui, snapshot(tasks=Tasks(which=which, items=[shown], more=True)))  # type: ignore[list-item]
    (line,) = [line for line in lines if "thumbnail" in line]
    assert f" {time} " in line
    assert line.endswith(note)
    assert any("newest 1 all" in line for line in lines)


def test_a_finding_under_the_cursor_tells_what_to_do():
    """In full, below the list."""
    lines = picture(Ui(Kind.HEALTH), snapshot())
    assert "start another one" in lines
    assert any(line.split()[:4] == ["critical", "3", "min", "w-2"] for line in lines)


def test_a_worker_from_close_by_lists_what_it_holds_and_what_was_taken():
    """And why it is in its state."""
    entry = {
        "event": "rescued",
        "at_utc": "2026-05-04 11:00:00.000",
        "task_id": 5,
        "reason": "lock free",
        "became": "queued",
    }
    seen = snapshot(worker=worker_detail("w-2", ledger=[entry]))
    shown = text(opened(Kind.WORKERS, seen), seen)
    assert "2026-05-04 11:00:00  task 5, lock free; became queued" in shown
    assert "types        thumbnail" in shown
    assert "    17 thumbnail" in shown


def test_a_worker_that_has_gone_is_told():
    """It may end while one looks."""
    seen = snapshot(worker=worker_detail("w-2", activity=None, held=[]))
    shown = text(opened(Kind.WORKERS, seen), seen)
    assert "w-2 is not on the roll" in shown
    assert "it holds no tasks" in shown


def test_a_task_from_close_by_is_explained():
    """Why it waits, each attempt, its log; a reason that the summary has is not said twice."""
    seen = snapshot(task=task_detail(running(17, error_message="no such file")))
    shown = text(opened(Kind.TASKS, seen), seen)
    assert shown.count("it is due later") == 1
    for words in (
        "it is paused",
        "1  failed  w-1  2.5 s  no such file",
        'INFO  page 1  {"page": 1}',
        "worker       w-1",
    ):
        assert words in shown


def test_a_task_that_is_not_there_is_told():
    """It may have been pruned."""
    seen = snapshot(task=task_detail(running(17)))
    ui = opened(Kind.TASKS, seen)
    gone = snapshot(task=type(seen.task)(task_id=17, task=None, explanation=None)) if seen.task else seen
    assert "there is no task 17" in text(ui, gone)


@pytest.mark.parametrize("kind", [Kind.WORKERS, Kind.TASKS])
def test_what_was_not_read_yet_is_said_to_be_read(kind: Kind):
    """And not that there is nothing; nor is something else shown in its place."""
    empty = Snapshot(location="/data/queue.db")
    assert "reading" in text(Ui(kind), empty)
    seen = snapshot(worker=worker_detail("another"), task=task_detail(running(18)))
    assert "reading" in text(opened(kind, seen), seen)


def test_an_empty_queue_says_what_to_do():
    """For its first user."""
    seen = Snapshot(location="/data/queue.db", at=EPOCH, workers=[], findings=[])
    assert "musterq enqueue TYPE" in text(Ui(Kind.TYPES), seen)
    assert "musterq worker MODULE:QUEUE" in text(Ui(Kind.WORKERS), seen)
    assert "all is well" in text(Ui(Kind.HEALTH), seen)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 20)])
def test_the_help_has_every_key(width: int, height: int):
    """On the smallest terminals, too."""
    ui = Ui(Kind.TYPES)
    press(ui, "?", snapshot())
    shown = text(ui, snapshot(), width, height)
    assert all(keys in shown for keys, _ in HELP)


def test_a_list_longer_than_the_terminal_scrolls_with_the_cursor():
    """To its end and back."""
    seen = snapshot(workers=[worker(f"w-{number:03}") for number in range(500)])
    ui = Ui(Kind.WORKERS)
    assert "w-000" in text(ui, seen, 80, 24)
    press(ui, "end", seen)
    shown = text(ui, seen, 80, 24)
    assert "w-499" in shown
    assert "w-000" not in shown
    press(ui, "home", seen)
    assert "w-000" in text(ui, seen, 80, 24)


def test_without_an_end_of_the_terminal_all_rows_are_shown():
    """As a script wants them."""
    seen = snapshot(workers=[worker(f"w-{number:03}") for number in range(500)])
    lines = picture(Ui(Kind.WORKERS), seen, 80, None)
    assert sum(line.startswith("w-") for line in lines) == 500
