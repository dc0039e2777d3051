"""What a handler can learn and tell about the task that it runs."""

import json
import logging

import pytest

from musterq.errors import TaskLost
from musterq.queue.current import current_task
from musterq.queue.task_queue import TaskQueue
from tests.support import MovableClock


def test_a_handler_knows_its_task(queue: TaskQueue):
    """Its id and type, which attempt it is, and who runs it."""
    seen = []

    @queue.task(type="report")
    def report() -> None:
        task = current_task()
        seen.append((task.id, task.type, task.attempt, task.worker_id))

    handle = report.enqueue()
    queue.drain(worker_id="script")
    assert seen == [(handle.id, "report", 1, "script")]


def test_a_coroutine_knows_its_task_too(queue: TaskQueue):
    """The context goes along."""

    @queue.task
    async def report() -> int:
        return current_task().id

    handle = report.enqueue()
    queue.drain()
    assert handle.wait() == handle.id


def test_a_handler_reports_how_far_it_is(queue: TaskQueue):
    """A share from 0 to 1 and words, for all to see while it runs."""
    seen = []

    @queue.task
    def report() -> None:
        assert current_task().progress(0.4, "page 4 of 10")
        task = queue.get(current_task().id)
        assert task is not None
        seen.append((task.progress, task.progress_message))

    report.enqueue()
    queue.drain()
    assert seen == [(0.4, "page 4 of 10")]


def test_a_handler_keeps_a_log(queue: TaskQueue):
    """Its lines are rows of ``task_logs``."""

    @queue.task
    def report() -> None:
        current_task().log("warning", "no data for May")

    handle = report.enqueue()
    queue.drain(worker_id="script")
    (row,) = queue.database.execute("SELECT task_id, level, message, details FROM task_logs").fetchall()
    assert tuple(row)[:3] == (handle.id, "WARNING", "no data for May")
    assert json.loads(row["details"]) == {"attempt": 1, "worker": "script"}


@pytest.mark.parametrize(
    ("verb", "argument", "words", "error"),
    [
        ("progress", 1.5, None, ValueError),
        ("progress", -0.1, None, ValueError),
        ("progress", float("nan"), None, ValueError),
        ("progress", True, None, TypeError),
        ("progress", "half", None, TypeError),
        ("progress", 0.5, 7, TypeError),
        ("log", "loud", "words", ValueError),
        ("log", 25, "words", ValueError),
        ("log", None, "words", TypeError),
        ("log", True, "words", TypeError),
        ("log", "info", None, TypeError),
        ("log", "info", b"words", TypeError),
    ],
)
def test_what_cannot_be_told_is_refused(
    queue: TaskQueue, verb: str, argument: object, words: object, error: type[Exception]
):
    """It is an error of the handler, and says which call it is."""

    @queue.task
    def report() -> None:
        with pytest.raises(error, match=verb):
            getattr(current_task(), verb)(argument, words)

    handle = report.enqueue()
    queue.drain()
    assert handle.status() == "completed"


def test_a_level_may_be_a_number_of_logging(queue: TaskQueue):
    """As a logging handler has it."""

    @queue.task
    def report() -> None:
        current_task().log(logging.ERROR, "no data for May")

    report.enqueue()
    queue.drain()
    assert queue.database.execute("SELECT level FROM task_logs").fetchone()[0] == "ERROR"


@pytest.mark.parametrize(
    ("words", "kept"), [("x" * 10_000_000, "x" * 2000 + "..."), ("half \ud800 of a pair", "half \\ud800 of a pair")]
)
def test_words_are_kept_as_far_as_a_database_can(queue: TaskQueue, words: str, kept: str):
    """Long ones are cut, and what is no Unicode is spelled out."""
    seen = []

    @queue.task
    def report() -> None:
        assert current_task().progress(1, words)
        current_task().log("info", words)
        task = queue.get(current_task().id)
        assert task is not None
        seen.append(task.progress_message)

    handle = report.enqueue()
    queue.drain()
    assert handle.status() == "completed"
    seen.append(queue.database.execute("SELECT message FROM task_logs").fetchone()[0])
    assert seen == [kept, kept]


def test_a_plain_call_is_no_task(queue: TaskQueue):
    """Outside of a worker there is nothing to tell."""

    @queue.task
    def report() -> None:
        current_task()

    with pytest.raises(RuntimeError, match="no task runs here"):
        report()


def test_when_a_task_has_run_there_is_none(queue: TaskQueue):
    """Drain leaves nothing behind in its thread."""
    queue.task(type="report")(lambda: None).enqueue()
    queue.drain()
    with pytest.raises(RuntimeError, match="no task runs here"):
        current_task()


def test_a_handler_knows_how_long_it_may_go_on(queue: TaskQueue, clock: MovableClock):
    """Until its lease is over, as the database's clock says."""
    seen = []

    @queue.task
    def report() -> None:
        task = current_task()
        seen.append((task.lost, round(task.seconds_left)))
        clock.advance(40)
        seen.append((task.lost, round(task.seconds_left)))
        clock.advance(100)
        seen.append((task.lost, task.seconds_left))

    report.enqueue()
    queue.drain(lease_seconds=100)
    assert seen == [(False, 100), (False, 60), (False, 0.0)]


@pytest.mark.parametrize("limits", [{"timeout": 30}, {"hard_timeout": 30}, {"timeout": 30, "hard_timeout": 60}])
def test_a_handler_may_go_on_until_its_time_limit_at_most(queue: TaskQueue, limits: dict[str, float]):
    """The sooner of its limits, where that comes before the end of the lease."""
    seen = []

    @queue.task
    def report() -> None:
        seen.append(current_task().seconds_left)

    report.options(**limits).enqueue()  # type: ignore[arg-type]
    queue.drain(lease_seconds=100)
    assert 0 < seen[0] <= 30


def test_a_handler_whose_task_was_taken_back_learns_it(queue: TaskQueue):
    """It has no time left; what it lets through ends it, and nothing of it is written."""
    seen = []

    @queue.task
    def report() -> None:
        task = current_task()
        task.raise_if_lost()
        queue.database.execute("UPDATE task_queue SET status = 'queued', claim_token = NULL, locked_by = NULL")
        seen.append((task.lost, task.seconds_left))
        queue.pause("report")
        task.raise_if_lost()
        seen.append("went on")

    handle = report.enqueue()
    queue.drain(worker_id="script")
    assert seen == [(True, 0.0)]
    task = handle.get()
    assert (task.status, task.error_message) == ("queued", None)
    assert queue.database.execute("SELECT count(*) FROM task_attempts").fetchone()[0] == 0


def test_the_error_of_a_lost_task_names_it(queue: TaskQueue):
    """And who lost it."""
    said = []

    @queue.task
    def report() -> None:
        queue.database.execute("UPDATE task_queue SET status = 'cancelled', claim_token = NULL")
        try:
            current_task().raise_if_lost()
        except TaskLost as error:
            said.append(str(error))

    handle = report.enqueue()
    queue.drain(worker_id="script")
    assert said == [f"task {handle.id} was taken back from script; its work is for nothing"]
