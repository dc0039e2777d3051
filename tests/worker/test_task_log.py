"""What handlers say by the standard `logging` is kept with their tasks, and every record names its task."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from musterq.errors import QueueDatabaseError
from musterq.queue.current import current_task
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine
from musterq.worker.log_records import RECORDS
from musterq.worker.option_values import task_log_level
from musterq.worker.task_log import LONGEST_LOG, TaskLog
from tests.worker.waiting import LIMIT, Record, until, working


@pytest.fixture
def logger(request: pytest.FixtureRequest) -> Iterator[logging.Logger]:
    """A program's own logger, which tells everything, and passes nothing on."""
    logger = logging.getLogger(f"program.{request.node.name}")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    yield logger
    logger.handlers.clear()


def lines(queue: TaskQueue) -> list[tuple[Any, ...]]:
    """What is kept."""
    rows = queue.database.execute("SELECT task_id, level, message, details FROM task_logs ORDER BY log_id").fetchall()
    return [(*tuple(row)[:3], json.loads(row[3])) for row in rows]


def work(queue: TaskQueue, **options: Any) -> None:
    """Have a worker do all that is to be done."""
    WorkerEngine(queue, worker_id="w1", burst=True, **options).run()


def test_what_a_handler_says_is_kept(queue: TaskQueue, logger: logging.Logger) -> None:
    """From INFO on, with the attempt, the worker, and the name of the logger."""

    @queue.task
    def report() -> None:
        logger.debug("not kept")
        logger.info("page %d of %d", 4, 10)
        logger.warning("no data")

    handle = report.enqueue()
    work(queue)
    beside = {"attempt": 1, "worker": "w1", "logger": logger.name}
    assert lines(queue) == [(handle.id, "INFO", "page 4 of 10", beside), (handle.id, "WARNING", "no data", beside)]


def test_what_a_coroutine_says_is_kept_with_its_own_task(queue: TaskQueue, logger: logging.Logger) -> None:
    """Although many run in one thread."""

    @queue.task
    async def report() -> None:
        task = current_task().id
        await asyncio.sleep(0.001)
        logger.info("task %d", task)

    for _ in range(20):
        report.enqueue()
    work(queue)
    assert sorted((task, said) for task, _, said, _ in lines(queue)) == [(n, f"task {n}") for n in range(1, 21)]


def test_the_lines_of_every_attempt_are_kept_whatever_its_end(queue: TaskQueue, logger: logging.Logger) -> None:
    """Each names its attempt."""

    @queue.task(max_attempts=2, retry={"initial_seconds": 0, "jitter": 0})
    def fail() -> None:
        logger.info("trying")
        raise ValueError("no")

    fail.enqueue()
    work(queue)
    assert [(said, beside["attempt"]) for _, _, said, beside in lines(queue)] == [("trying", 1), ("trying", 2)]


def test_a_line_is_there_while_its_handler_runs(queue: TaskQueue, logger: logging.Logger) -> None:
    """Soon, and not only at the end."""

    @queue.task
    def report() -> str:
        logger.info("begun")
        until(lambda: lines(queue))
        logger.info("goes on")
        return str(until(lambda: len(lines(queue)) == 2))

    handle = report.enqueue()
    with working(WorkerEngine(queue)):
        assert handle.wait(LIMIT) == "True"


@pytest.mark.parametrize(
    ("level", "kept"), [("debug", ["DEBUG", "INFO", "ERROR"]), ("ERROR", ["ERROR"]), ("off", []), ("critical", [])]
)
def test_what_is_kept_is_a_matter_of_its_level(
    queue: TaskQueue, logger: logging.Logger, level: str, kept: list[str]
) -> None:
    """Any of the standard ones, or none."""

    @queue.task
    def report() -> None:
        for each in (logging.DEBUG, logging.INFO, logging.ERROR):
            logger.log(each, "said")

    report.enqueue()
    work(queue, task_log_level=level)
    assert [said[1] for said in lines(queue)] == kept


@pytest.mark.parametrize(("level", "error"), [("loud", ValueError), ("", ValueError), (20, TypeError)])
def test_a_level_that_is_none_is_refused(queue: TaskQueue, level: Any, error: type[Exception]) -> None:
    """In words that say what to give."""
    with pytest.raises(error, match="give one of: debug, info, warning, error, critical, off"):
        task_log_level(level)


def test_the_lines_of_an_attempt_are_bounded(queue: TaskQueue, logger: logging.Logger) -> None:
    """A thousand, and one that says so; each at most so long."""

    @queue.task
    def chatter() -> None:
        logger.info("x" * 5000)
        for number in range(LONGEST_LOG + 10):
            logger.info("%d", number)

    chatter.enqueue()
    work(queue)
    said = [message for _, _, message, _ in lines(queue)]
    assert len(said) == LONGEST_LOG + 1
    assert said[0] == "x" * 2000 + "..."
    assert said[-2:] == [
        str(LONGEST_LOG - 2),
        "this attempt has said 1000 lines; what it says from here on is not kept",
    ]


def test_an_exception_that_is_logged_is_kept_with_its_traceback(queue: TaskQueue, logger: logging.Logger) -> None:
    """Beside the line."""

    @queue.task
    def report() -> None:
        try:
            int("no data")
        except ValueError:
            logger.exception("May is missing")

    report.enqueue()
    work(queue)
    ((_, level, message, beside),) = lines(queue)
    assert (level, message) == ("ERROR", "May is missing")
    assert beside["traceback"].endswith("ValueError: invalid literal for int() with base 10: 'no data'\n")


def test_arguments_that_do_not_fit_hurt_nobody(queue: TaskQueue, logger: logging.Logger) -> None:
    """The line is kept as it was written."""
    logger.handlers = [logging.NullHandler()]  # those of the tests raise what goes wrong

    @queue.task
    def report() -> str:
        logger.info("%d pages", "four")
        return "done"

    handle = report.enqueue()
    work(queue)
    assert handle.wait(LIMIT) == "done"
    assert [said for _, _, said, _ in lines(queue)] == ["%d pages"]


def test_what_is_said_outside_of_handlers_is_not_kept(queue: TaskQueue, logger: logging.Logger) -> None:
    """Nor what musterq says by itself."""

    @queue.task
    def report() -> None:
        logging.getLogger("musterq.worker").error("of its own")

    queue.events.subscribe(lambda name, facts: logger.error(name))
    report.enqueue()
    work(queue)
    assert lines(queue) == []


class Kept(logging.Handler):
    """Keeps lines in a format that names tasks."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(task_id)s %(attempt)s %(worker_id)s %(message)s"))
        self.said: list[str] = []
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))
        self.records.append(record)


def test_every_record_names_its_task(queue: TaskQueue, logger: logging.Logger) -> None:
    """So a program's own format can; outside of a handler it names none."""
    kept = Kept()
    logger.addHandler(kept)
    queue.events.subscribe(lambda name, facts: logger.info(name) if name == "worker.started" else None)

    @queue.task
    def report() -> None:
        logger.info("said")

    handle = report.enqueue()
    work(queue)
    assert kept.said == ["None None None worker.started", f"{handle.id} 1 w1 said"]


def test_a_programs_own_facts_under_these_names_stand(queue: TaskQueue, logger: logging.Logger) -> None:
    """`logging` refuses an ``extra`` that overwrites what is there: ours is not there until the line is written."""
    kept = Kept()
    logger.addHandler(kept)

    @queue.task
    def report() -> str:
        logger.info("said", extra={"task_id": "mine"})
        return "done"

    handle = report.enqueue()
    work(queue)
    assert handle.wait(LIMIT) == "done"
    assert kept.said == ["mine 1 w1 said"]


def test_a_record_names_its_task_before_it_is_formatted_and_in_a_copy(queue: TaskQueue, logger: logging.Logger) -> None:
    """For filters, and for handlers that send it to another thread or process."""
    kept, filtered = Kept(), []
    kept.addFilter(lambda record: filtered.append(record.task_id) or True)  # type: ignore[attr-defined]
    logger.addHandler(kept)

    @queue.task
    def report() -> None:
        logger.info("said")

    handle = report.enqueue()
    work(queue)
    assert filtered == [handle.id]
    for copied in (copy.copy(kept.records[0]), pickle.loads(pickle.dumps(kept.records[0]))):  # noqa: S301
        assert kept.format(copied) == f"{handle.id} 1 w1 said"
    with pytest.raises(AttributeError, match="nonsense"):
        kept.records[0].nonsense  # type: ignore[attr-defined]  # noqa: B018


def test_a_programs_own_record_factory_stays(queue: TaskQueue, logger: logging.Logger) -> None:
    """Its records are of its class, and after the worker it is what it was."""

    class Ours(logging.LogRecord):
        pass

    kept = Kept()
    logger.addHandler(kept)
    usual = logging.getLogRecordFactory()
    logging.setLogRecordFactory(Ours)
    try:

        @queue.task
        def report() -> None:
            logger.info("said")

        handle = report.enqueue()
        work(queue)
        assert logging.getLogRecordFactory() is Ours
    finally:
        logging.setLogRecordFactory(usual)
    assert isinstance(kept.records[0], Ours)
    assert kept.said == [f"{handle.id} 1 w1 said"]


def test_where_logging_is_not_set_up_lines_are_kept_all_the_same(
    queue: TaskQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although its root lets only warnings through; afterwards it is as it was."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", logging.WARNING)

    @queue.task
    def report() -> None:
        logging.getLogger("plain").info("said")

    report.enqueue()
    work(queue)
    assert [said for _, _, said, _ in lines(queue)] == ["said"]
    assert root.level == logging.WARNING


def test_lines_that_cannot_be_written_wait(
    queue: TaskQueue, logger: logging.Logger, monkeypatch: pytest.MonkeyPatch, record: Record
) -> None:
    """With the end of their task, which is not written before them."""
    storage = queue.storage
    write, failures = storage.log, iter([QueueDatabaseError("disk full")])

    def fail_once(said: Any) -> None:
        if (error := next(failures, None)) is not None:
            raise error
        write(said)

    monkeypatch.setattr(storage, "log", fail_once)

    @queue.task
    def report() -> None:
        logger.info("said")

    handle = report.enqueue()
    with working(WorkerEngine(queue)):
        handle.wait(LIMIT)
    assert [said for _, _, said, _ in lines(queue)] == ["said"]
    (failed, *_) = record.named("service.failed") + record.named("storage.failed")
    assert str(failed["error"]) == "disk full"


def test_two_workers_in_one_process_keep_their_own(queue: TaskQueue, logger: logging.Logger) -> None:
    """What one of them runs is not the other's."""

    @queue.task
    def report() -> str:
        logger.info("said")
        return current_task().worker_id

    with working(WorkerEngine(queue, worker_id="a", task_log_level="off")), working(WorkerEngine(queue, worker_id="b")):
        ran_by = [handle.wait(LIMIT) for handle in [report.enqueue() for _ in range(50)]]
    assert len(lines(queue)) == ran_by.count("b")
    assert not RECORDS._listeners


def test_nothing_to_write_costs_no_write(queue: TaskQueue) -> None:
    """A flush without lines."""
    assert TaskLog(queue.storage, "w1", "info").flush() is False
