"""The program on a real terminal."""

from __future__ import annotations

import re
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from musterq import QueueMonitoring, TaskQueue
from tests.cli.running import Cli
from tests.cli.top.watched import Watched, set_size, top

Starts = Any


@pytest.fixture
def starts(cli: Cli, queue: TaskQueue) -> Iterator[Starts]:
    """Starts the dashboard on a terminal; all of them end with the test."""
    running: list[Watched] = []

    def start(*arguments: str, **options: Any) -> Watched:
        running.append(top(cli.database, *arguments, **options))
        running[-1].sees("1 types")
        return running[-1]

    yield start
    for watched in running:
        watched.close()


def fill(queue: TaskQueue) -> None:
    """A failed task, a running one that told its progress, and two that wait."""
    failed, held = queue.enqueue("thumbnail", {"path": "a.png"}), queue.enqueue("mail", {"to": "b"})
    queue.enqueue_many([{"type": "mail"}, {"type": "report"}])
    (claim,) = queue.claim("worker-01", types=["thumbnail"])
    queue.fail(claim, "no such file", retry=False)
    (claim,) = queue.claim("worker-02", types=["mail"])
    queue.storage.progress(claim, 0.4, "page 4 of 10")
    assert (failed.id, held.id) == (1, 2)


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (60, 20), (140, 50)])
def test_it_shows_what_the_database_holds(queue: TaskQueue, starts: Starts, columns: int, rows: int):
    """Depths, types, workers, tasks and their progress, page by page."""
    fill(queue)
    watched = starts(columns=columns, rows=rows)
    watched.sees("queued             2", "failed             1", "processing         1", "thumbnail", "report")
    watched.type("2")
    watched.sees("worker-01", "worker-02", "idle", "busy")
    watched.type("3")
    watched.sees("mail", "40 %")
    watched.type("f")
    watched.sees("failed", "thumbnail")
    watched.type("4")
    watched.sees("SEVERITY")


def test_it_shows_what_changes(queue: TaskQueue, starts: Starts):
    """Within a moment, without a key."""
    watched = starts()
    watched.sees("queued             0", "musterq enqueue TYPE")
    queue.enqueue_many([{"type": "mail"}] * 3)
    watched.sees("queued             3", "mail")
    QueueMonitoring(queue.database).register_worker("worker-09")
    watched.type("2")
    watched.sees("worker-09")


def test_a_worker_and_a_task_can_be_looked_into(queue: TaskQueue, starts: Starts):
    """Enter goes in, Esc goes back."""
    fill(queue)
    watched = starts("--page", "workers", columns=100)
    watched.sees("worker-02", "busy")
    watched.type("/02\r")
    watched.loses("worker-01")
    watched.type("\r")
    watched.sees("it holds 1 task", "page 4 of 10")
    watched.type("\r")
    watched.sees("task 2", "is processing", "payload", '{"to":"b"}')
    watched.type("\x1b")
    watched.sees("it holds 1 task")


def test_sorting_and_filtering(queue: TaskQueue, starts: Starts):
    """The order of the rows, and which there are."""
    queue.enqueue_many([{"type": "aaa"}, {"type": "bbb"}, {"type": "bbb"}])
    watched = starts()
    watched.sees("aaa", "bbb")

    def types() -> list[str]:
        return [line.split()[0] for line in watched.lines if re.match("aaa|bbb", line)]

    watched.until(lambda: types() == ["bbb", "aaa"], "bbb before aaa")
    watched.type("S")
    watched.until(lambda: types() == ["aaa", "bbb"], "aaa before bbb")
    watched.type("/aa\r")
    watched.until(lambda: types() == ["aaa"], "aaa alone")


def test_a_retry_is_asked_for_and_done(queue: TaskQueue, starts: Starts):
    """Nothing happens without a y."""
    fill(queue)
    watched = starts("--page", "tasks")
    watched.type("f")
    watched.sees("thumbnail")
    watched.type("r")
    watched.sees("retry task 1? y/n")
    watched.type("n")
    watched.sees("nothing was done")
    task = queue.get(1)
    assert task is not None
    assert task.status == "failed"
    watched.type("ry")
    watched.sees("task 1 is queued again", "no tasks here")
    task = queue.get(1)
    assert task is not None
    assert task.status == "queued"


def test_a_pause_and_its_end(queue: TaskQueue, starts: Starts):
    """One key for both."""
    queue.enqueue("mail")
    watched = starts()
    watched.sees("mail")
    watched.type("p")
    watched.sees("pause type mail? y/n")
    watched.type("y")
    watched.sees("mail is paused", "mail (paused)")
    assert queue.paused() == ["mail"]
    watched.type("py")
    watched.sees("mail is resumed")
    assert queue.paused() == []


def test_a_cancel(queue: TaskQueue, starts: Starts):
    """Of a task that was opened by its number."""
    handle = queue.enqueue("mail")
    watched = starts()
    watched.type(f"o{handle.id}\r")
    watched.sees("task 1  mail  queued")
    watched.type("cy")
    watched.sees("task 1 is cancelled", "cancelled")
    task = queue.get(handle.id)
    assert task is not None
    assert task.status == "cancelled"


def test_what_somebody_else_did_first_is_told(queue: TaskQueue, starts: Starts):
    """Between the question and the answer."""
    fill(queue)
    watched = starts("--page", "tasks")
    watched.type("f")
    watched.sees("thumbnail")
    watched.type("r")
    watched.sees("retry task 1?")
    queue.database.execute("DELETE FROM task_queue WHERE id = 1")
    watched.type("y")
    watched.sees("there is no task 1 any more")


def test_a_resize_is_followed(queue: TaskQueue, starts: Starts):
    """To a small and to a large terminal."""
    fill(queue)
    watched = starts()
    watched.sees("COMPLETED")
    watched.resize(60, 20)
    watched.until(lambda: watched.lines[-1].startswith("p pause") and "COMPLETED" not in watched.text, "a small one")
    watched.resize(140, 50)
    watched.until(lambda: watched.lines[49].startswith("p pause") and "CANCELLED" in watched.text, "a large one")


@pytest.mark.parametrize("key", ["q", "\x03", "\x04"])
def test_quitting_leaves_the_terminal_as_it_was(starts: Starts, key: str):
    """Its modes, its other screen, its cursor."""
    watched = starts()
    watched.sees("1 types")
    assert not watched.is_as_before()
    assert watched.output.startswith(b"\x1b[?1049h\x1b[?25l")
    watched.type(key)
    assert watched.ends() == 0
    assert watched.is_as_before()
    assert watched.output.endswith(b"\x1b[?25h\x1b[?1049l")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_it_leaves_the_terminal_as_it_was(starts: Starts, number: signal.Signals):
    """And its exit code tells."""
    watched = starts()
    watched.sees("1 types")
    watched.signal(number)
    assert watched.ends() == 128 + number
    assert watched.is_as_before()
    assert watched.output.endswith(b"\x1b[?25h\x1b[?1049l")


@pytest.mark.parametrize("broken", ["dashboard.frame", "model.Model.refresh"])
def test_an_error_leaves_the_terminal_as_it_was(cli: Cli, queue: TaskQueue, broken: str):
    """And can be read after it, also where the thread that reads made it."""
    program = (
        "from musterq.cli.top import dashboard, model\n"
        "from musterq.cli.app import main\n"
        f"{broken} = lambda *_: 1 / 0\n"
        "main()\n"
    )
    watched = Watched([sys.executable, "-c", program, "top", "--database", str(cli.database)])
    try:
        assert watched.ends() == 1
        assert watched.is_as_before()
        assert "ZeroDivisionError" in watched.text
        assert watched.output.index(b"\x1b[?1049l") < watched.output.index(b"ZeroDivisionError")
    finally:
        watched.close()


def test_a_terminal_that_does_not_tell_its_size_is_taken_for_a_plain_one(queue: TaskQueue, starts: Starts):
    """80 columns, 24 rows."""
    watched = starts()
    set_size(watched.terminal, 0, 0)
    watched.screen.reset()
    watched.sees("1 types")
    assert watched.lines[23].startswith("p pause")


def test_names_that_only_plain_sql_can_put_in_are_told(queue: TaskQueue, starts: Starts):
    """Such a worker cannot be looked into, nor such a type be paused; all else goes on."""
    queue.database.execute("INSERT INTO workers (worker_id) VALUES ('')")
    queue.database.execute("INSERT INTO task_queue (type, payload) VALUES ('', '{}')")
    watched = starts("--page", "workers")
    watched.sees("idle")
    watched.type("\r")
    watched.sees("no answer for")
    watched.type("1")
    watched.loses("no answer for")
    watched.type("\r")
    watched.sees("queued", "all")
    watched.type("py")
    watched.sees("not done")


def test_a_shell_can_suspend_it(cli: Cli, queue: TaskQueue):
    """Ctrl-Z gives the shell its terminal back, fg goes on."""
    queue.enqueue("mail")
    command = f"{sys.executable} -m musterq top --interval 0.1 --database {cli.database}"
    watched = Watched(["/bin/bash", "-m", "-c", f"{command}; echo suspended; read; fg; echo ended"])
    try:
        watched.sees("1 types", "mail")
        watched.type("\x1a")
        watched.sees("suspended")
        assert b"\x1b[?1049l" in watched.output
        assert watched.is_as_before()
        watched.screen.reset()
        watched.type("\n")
        watched.sees("1 types", "mail")
        watched.type("2")
        watched.sees("WORKER")
        watched.type("q")
        watched.sees("ended")
        assert watched.is_as_before()
    finally:
        watched.close()


def test_it_is_drawn_anew_when_asked_or_continued(starts: Starts):
    """Whatever wrote over it."""
    watched = starts()
    watched.sees("1 types")
    watched.screen.reset()
    watched.type("\x0c")
    watched.sees("1 types")
    watched.signal(signal.SIGSTOP)
    watched.screen.reset()
    watched.signal(signal.SIGCONT)
    watched.sees("1 types")


def test_a_database_that_fails_for_a_while_is_told_and_outlived(cli: Cli, queue: TaskQueue, starts: Starts):
    """What is known stays on show."""
    queue.enqueue("mail")
    watched = starts()
    watched.sees("mail")
    with closing(sqlite3.connect(cli.database, isolation_level=None)) as other:
        other.execute("PRAGMA legacy_alter_table = ON")
        other.execute("ALTER TABLE counters RENAME TO away")
        watched.sees("no answer for", "counters", "mail")
        watched.type("2")
        watched.sees("reading", "no answer for")
        other.execute("ALTER TABLE away RENAME TO counters")
    watched.loses("no answer for")
    watched.sees("WORKER")


def test_keys_answer_while_a_write_waits(cli: Cli, queue: TaskQueue, starts: Starts):
    """Somebody else writes for long: reading goes on, and what was asked for comes when he has done."""
    queue.enqueue("mail")
    watched = starts()
    watched.sees("mail")
    with closing(sqlite3.connect(cli.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        watched.type("py2")
        watched.sees("WORKER", "no workers")
        watched.type("1")
        watched.sees("mail")
        other.execute("ROLLBACK")
    watched.sees("mail (paused)")


def test_hostile_names_are_harmless(queue: TaskQueue, starts: Starts):
    """They are shown as text."""
    queue.enqueue("evil\x1b[2J\x1b]0;title\x07", {})
    QueueMonitoring(queue.database).register_worker("w\x1b[31m\rx")
    watched = starts(columns=120)
    watched.sees(r"evil\x1b[2J\x1b]0;title\x07")
    watched.type("2")
    watched.sees(r"w\x1b[31m\rx")
    assert watched.screen.title == ""


def test_no_color_means_none(queue: TaskQueue, starts: Starts):
    """But the cursor is still seen."""
    fill(queue)
    watched = starts(NO_COLOR="1")
    watched.sees("mail")
    cells = [cell for row in watched.screen.buffer.values() for cell in row.values()]
    assert {cell.fg for cell in cells} == {"default"}
    assert any(cell.reverse for cell in cells)


def test_colours_are_the_terminals_own(queue: TaskQueue, starts: Starts):
    """Failures are red, and no background is painted."""
    fill(queue)
    watched = starts()
    watched.sees("mail", "failed             1")
    cells = [cell for row in watched.screen.buffer.values() for cell in row.values()]
    assert "red" in {cell.fg for cell in cells}
    assert {cell.bg for cell in cells} == {"default"}


def test_a_terminal_without_unicode_gets_plain_signs(queue: TaskQueue, starts: Starts):
    """And a question mark for what it cannot show of somebody else's."""
    queue.enqueue("画像")
    watched = starts(PYTHONIOENCODING="ascii")
    watched.sees("??", "vqueued")
    assert watched.output.isascii()
