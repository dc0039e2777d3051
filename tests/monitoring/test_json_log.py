"""Log lines as JSON."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from opentelemetry.sdk.trace import TracerProvider

from musterq.errors import QueueDatabaseError
from musterq.events import Events
from musterq.monitoring import JsonFormatter
from musterq.monitoring.log import LINES, log_event, log_events
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine


class Lines(io.StringIO):
    """What was written, as JSON."""

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def one(self) -> dict[str, Any]:
        (line,) = self.all()
        return line


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What loggers below ``musterq`` and ``shop`` say."""
    lines = Lines()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(JsonFormatter())
    loggers = [logging.getLogger(name) for name in ("musterq", "shop")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    yield lines
    for logger, level in zip(loggers, before, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)


def test_an_event_is_one_object_with_its_facts(lines: Lines) -> None:
    """As typed fields, beside the words."""
    facts = {"task_id": 7, "type": "mail", "worker_id": "w1", "attempt": 2, "error": "OSError: no such file"}
    log_event("task.failed", facts)
    line = lines.one()
    written = datetime.fromisoformat(line.pop("time"))
    assert abs((datetime.now(UTC) - written).total_seconds()) < 60
    assert line == {
        "level": "WARNING",
        "logger": "musterq.task",
        "event": "task.failed",
        "message": "task 7 (mail) failed on attempt 2: OSError: no such file",
        **facts,
    }


def test_times_are_utc_with_milliseconds(lines: Lines) -> None:
    """In ISO 8601."""
    record = logging.makeLogRecord({"msg": "here", "created": 1767225600.25, "levelname": "INFO", "name": "shop"})
    assert json.loads(JsonFormatter().format(record))["time"] == "2026-01-01T00:00:00.250Z"


def test_facts_are_what_json_has(lines: Lines) -> None:
    """Tuples are lists, exceptions their words, what is None is left out."""
    log_event("worker.lost", {"worker_id": "w1", "reason": "lock free", "tasks": (7, 8), "host": None})
    assert lines.one()["tasks"] == [7, 8]
    assert "host" not in lines.one()


def test_an_error_of_the_database_is_its_words(lines: Lines) -> None:
    """They say what to do; a traceback of ours would not help."""
    log_event("storage.failed", {"worker_id": "w1", "error": QueueDatabaseError("the disk is full")})
    line = lines.one()
    assert (line["error"], line["message"].endswith("the disk is full")) == (
        "QueueDatabaseError: the disk is full",
        True,
    )
    assert "exception" not in line


def test_an_error_that_nobody_foresaw_has_its_traceback_in_the_same_object(lines: Lines) -> None:
    """Never two lines for one event."""
    try:
        int("no\nnumber")
    except ValueError as error:
        log_event("service.failed", {"service": "scheduler", "error": error, "retry_in_seconds": 0.5})
        said = f"ValueError: {error}"
    line = lines.one()
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert line["exception"].endswith(said)
    assert line["error"] == said


def test_every_event_is_one_line(lines: Lines) -> None:
    """Of those that have words."""
    for name, (_, _, words) in LINES.items():
        log_event(name, {**dict.fromkeys(re.findall(r"%\((\w+)\)", words), 1), "error": "no\nfile"})
    assert [line["event"] for line in lines.all()] == list(LINES)


def test_what_a_handler_says_names_its_task(queue: TaskQueue, lines: Lines) -> None:
    """With whatever extra it gives."""

    @queue.task
    def mail() -> None:
        logging.getLogger("shop").info("sent to %s", "bob", extra={"bytes": 12})

    handle = mail.enqueue()
    WorkerEngine(queue, worker_id="w1", burst=True).run()
    (line,) = [line for line in lines.all() if line["logger"] == "shop"]
    del line["time"]
    assert line == {
        "level": "INFO",
        "logger": "shop",
        "message": "sent to bob",
        "bytes": 12,
        "task_id": handle.id,
        "attempt": 1,
        "worker_id": "w1",
    }


def test_outside_of_handlers_there_is_no_task(lines: Lines) -> None:
    """And so no field for it."""
    logging.getLogger("shop").info("open")
    assert lines.one().keys() == {"time", "level", "logger", "message"}


def test_line_ends_break_no_line() -> None:
    """Nor do control characters, or halves of characters, which strict readers refuse: they are shown as escapes."""
    said = "two\nlines\r\u2028\x1b[31m \udc80 ä 🐝"
    record = logging.makeLogRecord({"msg": said, "name": "shop\n\ud800", "\ud800": {"\ud800": "\ud800"}})
    line = JsonFormatter().format(record)
    assert line.isascii()
    assert "\n" not in line
    found = msgspec.json.decode(line)
    assert found["message"] == said.replace("\udc80", r"\udc80")
    assert (found["logger"], found[r"\ud800"]) == ("shop\n" + r"\ud800", {r"\ud800": r"\ud800"})


class _Odd:
    def __str__(self) -> str:
        raise RuntimeError


class _OddNumber(int):
    def __int__(self) -> int:
        raise RuntimeError


class _OddDict(dict[str, int]):
    def items(self) -> Any:
        raise RuntimeError


def test_whatever_is_given_as_extra_is_written(lines: Lines) -> None:
    """As well as it can be."""
    endless: list[object] = []
    endless.append(endless)
    extra = {
        "at": datetime(2026, 1, 1, tzinfo=UTC),
        "path": Path("a.png"),
        "share": float("nan"),
        "names": {1: {"b"}},
        "odd": _Odd(),
        "endless": endless,
    }
    logging.getLogger("shop").info("here", extra=extra)
    line = lines.one()
    assert (line["at"], line["path"], line["share"]) == ("2026-01-01T00:00:00+00:00", "a.png", "nan")
    assert (line["names"], line["odd"]) == ({"1": ["b"]}, "<_Odd>")
    assert str(line["endless"]) == "[[[[[[[[[['...']]]]]]]]]]"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (10**300, 10**300),
        (10**5000, hex(10**5000)),
        (-(10**400), hex(-(10**400))),
        (b"\xff\n", r"b'\xff\n'"),
        (_OddNumber(3), "<_OddNumber>"),
        (_OddDict(a=1), "<_OddDict>"),
        ({_Odd(): 1, (1, 2): 2}, {"<_Odd>": 1, "(1, 2)": 2}),
    ],
    ids=["large", "too large", "too small", "bytes", "odd number", "odd dict", "odd keys"],
)
def test_a_value_that_is_hard_to_write_costs_no_line(lines: Lines, value: object, written: object) -> None:
    """Numbers that most readers do not know are text."""
    logging.getLogger("shop").info("here", extra={"value": value})
    assert lines.one()["value"] == written


@pytest.mark.parametrize(("said", "arguments"), [("%d of %d", ("x", 2)), (_Odd(), ()), ("%s", (_Odd(),))])
def test_a_message_that_cannot_be_made_costs_no_line(said: object, arguments: tuple[object, ...]) -> None:
    """It says what is wrong with it."""
    line = JsonFormatter().format(logging.makeLogRecord({"msg": said, "args": arguments}))
    assert "its arguments do not fit" in json.loads(line)["message"]


@pytest.mark.parametrize("moment", [float("nan"), 1e300])
def test_a_moment_that_is_none_costs_no_line(moment: float) -> None:
    line = JsonFormatter().format(logging.makeLogRecord({"msg": "here", "created": moment}))
    assert json.loads(line)["time"] == str(moment)


def test_an_extra_cannot_take_the_place_of_a_field(lines: Lines) -> None:
    """It gets a name beside it."""
    logging.getLogger("shop").info("here", extra={"level": 3, "time": "noon"})
    line = lines.one()
    assert (line["level"], line["level_"], line["time_"]) == ("INFO", 3, "noon")


def test_a_fact_under_a_name_of_log_records_is_written_too(lines: Lines) -> None:
    """`logging` itself would refuse it."""
    log_event("worker.removed", {"worker_id": "w1", "name": "x"})
    assert lines.one()["name_"] == "x"


def test_the_current_span_is_named(lines: Lines) -> None:
    """Where the program traces."""
    with TracerProvider(shutdown_on_exit=False).get_tracer("shop").start_as_current_span("order") as span:
        logging.getLogger("shop").info("here")
    context = span.get_span_context()
    line = lines.one()
    assert (line["trace_id"], line["span_id"]) == (f"{context.trace_id:032x}", f"{context.span_id:016x}")


def test_the_stack_is_text_when_it_is_asked_for(lines: Lines) -> None:
    """As the exception is."""
    logging.getLogger("shop").info("here", stack_info=True, exc_info=True)  # noqa: LOG014 - there is none
    assert lines.one()["stack"].startswith("Stack (most recent call last):")
    assert "exception" not in lines.one()


def test_an_exception_that_another_process_has_made_text_is_written(lines: Lines) -> None:
    """As `logging.handlers.QueueHandler` sends it."""
    record = logging.makeLogRecord({"msg": "here", "exc_text": "Traceback: …"})
    assert json.loads(JsonFormatter().format(record))["exception"] == "Traceback: …"


def test_other_formatters_get_event_and_facts(caplog: pytest.LogCaptureFixture) -> None:
    """As attributes of the record."""
    caplog.set_level(logging.WARNING, "musterq")
    events = Events()
    end = log_events(events)
    events.emit("task.failed", task_id=7, type="mail", worker_id="w1", attempt=2, error="OSError")
    end()
    (record,) = caplog.records
    assert logging.Formatter("%(event)s %(task_id)d %(worker_id)s").format(record) == "task.failed 7 w1"


def test_a_program_that_sets_up_logging_itself_names_the_formatter() -> None:
    """In a dict, as `logging.config` takes it."""
    logger = logging.getLogger("shop.configured")
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": "musterq.monitoring.JsonFormatter"}},
            "handlers": {"err": {"class": "logging.StreamHandler", "formatter": "json"}},
            "loggers": {"shop.configured": {"handlers": ["err"]}},
        }
    )
    (handler,) = logger.handlers
    assert isinstance(handler.formatter, JsonFormatter)
    logger.removeHandler(handler)
