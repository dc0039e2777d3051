"""Spans of attempts: by real workers, wherever handlers run."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.trace import SpanKind, StatusCode

from musterq.contrib.opentelemetry import instrument
from musterq.errors import Cancel, PermanentError, Retry
from musterq.models import RetryPolicy
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine
from tests.contrib import traced_handlers
from tests.contrib.spans import Spans, attributes_of, context_of, links_of, parent_of
from tests.worker.waiting import LIMIT, working

AT_ONCE = RetryPolicy(initial_seconds=0.0, jitter=0.0)


def work(queue: TaskQueue, **options: Any) -> None:
    """Have a worker do all that is to be done."""
    WorkerEngine(queue, burst=True, **{"worker_id": "w1", **options}).run()


def outcomes(spans: Spans, name: str) -> list[object]:
    return [attributes_of(span)["musterq.outcome"] for span in spans.named(name)]


def error_of(span: ReadableSpan) -> dict[str, object]:
    (event,) = span.events
    assert event.name == "exception"
    return dict(event.attributes or {})


def test_an_attempt_is_a_consumer_span(queue: TaskQueue, spans: Spans) -> None:
    """By the conventions for messaging, in a trace of its own, linked to where the task was enqueued."""

    @queue.task(priority=7)
    def mail(to: str) -> None: ...

    handle = mail.enqueue("bob")
    work(queue)
    enqueued, span = spans.one("enqueue mail"), spans.one("process mail")
    assert (span.kind, span.status.status_code) == (SpanKind.CONSUMER, StatusCode.UNSET)
    assert parent_of(span) is None
    assert context_of(span).trace_id != context_of(enqueued).trace_id
    assert links_of(span) == [context_of(enqueued).span_id]
    assert attributes_of(span) == {
        "messaging.system": "musterq",
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.destination.name": "mail",
        "messaging.message.id": str(handle.id),
        "messaging.message.body.size": len('{"to":"bob"}'),
        "messaging.client.id": "w1",
        "musterq.worker_id": "w1",
        "musterq.attempt": 1,
        "musterq.max_attempts": 5,
        "musterq.priority": 7,
        "musterq.outcome": "completed",
    }


def test_an_attempt_may_belong_to_the_trace_of_its_task(
    plain_queue: TaskQueue, provider: TracerProvider, spans: Spans
) -> None:
    """For those who would rather see one trace."""
    instrument(plain_queue, provider, same_trace=True)

    @plain_queue.task
    def mail() -> None: ...

    mail.enqueue()
    work(plain_queue)
    enqueued, span = spans.one("enqueue mail"), spans.one("process mail")
    assert parent_of(span) == context_of(enqueued).span_id
    assert context_of(span).trace_id == context_of(enqueued).trace_id
    assert links_of(span) == [context_of(enqueued).span_id]


@pytest.mark.parametrize("headers", ["[]", "no JSON", '{"traceparent": 7}', '{"traceparent": "00-0-0-0"}', None])
def test_a_task_without_trace_context_begins_a_trace(queue: TaskQueue, spans: Spans, headers: str | None) -> None:
    """Whatever plain SQL has put in."""
    queue.task(type="where")(traced_handlers.where)
    queue.storage.ensure_schema()
    queue.database.execute("INSERT INTO task_queue (type, payload, headers) VALUES ('where', '{}', ?)", (headers,))
    work(queue)
    span = spans.one("process where")
    assert (parent_of(span), links_of(span)) == (None, [])


@pytest.mark.parametrize("executor", ["threads", "asyncio", "processes"])
def test_the_span_is_current_in_the_handler(queue: TaskQueue, spans: Spans, executor: str) -> None:
    """And so is the baggage that was there when the task was enqueued: in a thread, a coroutine, a child process."""

    async def where() -> list[str]:
        await asyncio.sleep(0)
        return traced_handlers.where()

    queue.task(type="where")(where if executor == "asyncio" else traced_handlers.where)
    token = context.attach(baggage.set_baggage("tenant", "7"))
    handle = queue.enqueue("where")
    context.detach(token)
    work(queue, executor=executor)
    span = context_of(spans.one("process where"))
    assert handle.wait(0) == [f"{span.trace_id:032x}", f"{span.span_id:016x}", "7"]


def test_each_coroutine_has_the_span_of_its_own_task(queue: TaskQueue, spans: Spans) -> None:
    """Although all run in one thread at the same time."""
    together = asyncio.Barrier(5)

    @queue.task
    async def meet() -> str:
        await together.wait()
        return f"{trace.get_current_span().get_span_context().span_id:016x}"

    handles = [meet.enqueue() for _ in range(5)]
    work(queue)
    met = {
        attributes_of(span)["messaging.message.id"]: context_of(span).span_id for span in spans.named("process meet")
    }
    assert {str(handle.id): int(handle.wait(0), 16) for handle in handles} == met


def test_what_a_handler_enqueues_belongs_to_its_attempt(queue: TaskQueue, spans: Spans) -> None:
    """So a chain of causes can be followed."""

    @queue.task
    def order() -> None:
        queue.enqueue("mail")

    @queue.task
    def mail() -> None: ...

    order.enqueue()
    work(queue)
    assert parent_of(spans.one("enqueue mail")) == context_of(spans.one("process order")).span_id
    assert links_of(spans.one("process mail")) == [context_of(spans.one("enqueue mail")).span_id]


def test_each_attempt_is_a_span_with_its_error(queue: TaskQueue, spans: Spans) -> None:
    """A retry is noted, and so is the end of it."""

    @queue.task(max_attempts=2, retry=AT_ONCE)
    def mail() -> None:
        raise OSError("no such file")

    mail.enqueue()
    work(queue)
    first, last = spans.named("process mail")
    assert outcomes(spans, "process mail") == ["retried", "failed"]
    assert [attributes_of(span)["musterq.attempt"] for span in (first, last)] == [1, 2]
    assert attributes_of(first)["musterq.retry_in_seconds"] == 0.0
    assert "musterq.retry_in_seconds" not in attributes_of(last)
    assert attributes_of(last)["error.type"] == "OSError"
    assert (last.status.status_code, last.status.description) == (StatusCode.ERROR, "OSError: no such file")
    assert error_of(last)["exception.type"] == "OSError"
    assert error_of(last)["exception.message"] == "no such file"
    assert 'raise OSError("no such file")' in str(error_of(last)["exception.stacktrace"])
    assert links_of(first) == links_of(last) == [context_of(spans.one("enqueue mail")).span_id]


def test_how_a_handler_chose_to_end_is_told(queue: TaskQueue, spans: Spans) -> None:
    """An orderly cancellation is no error."""

    @queue.task
    def ask_again() -> None:
        raise Retry("not there yet", in_=3600)

    @queue.task
    def refuse() -> None:
        raise PermanentError("never")

    @queue.task
    def cancel() -> None:
        raise Cancel("not needed")

    for task in (ask_again, refuse, cancel):
        task.enqueue()
    work(queue)
    again, refused, cancelled = (spans.one(f"process {name}") for name in ("ask_again", "refuse", "cancel"))
    assert attributes_of(again)["musterq.retry_in_seconds"] == 3600
    assert [attributes_of(span)["musterq.outcome"] for span in (again, refused, cancelled)] == [
        "retried",
        "failed",
        "cancelled",
    ]
    assert attributes_of(refused)["error.type"] == "musterq.errors.PermanentError"
    assert refused.status.description == "never"
    assert (cancelled.status.status_code, cancelled.events) == (StatusCode.UNSET, ())


def test_a_result_or_payload_that_cannot_be_is_an_error(queue: TaskQueue, spans: Spans) -> None:
    """With its type, and no attempt follows."""

    @queue.task
    def bad_result() -> object:
        return object()

    @queue.task
    def bad_payload(needed: int) -> None: ...

    bad_result.enqueue()
    queue.database.execute("INSERT INTO task_queue (type, payload) VALUES ('bad_payload', '{}')")
    work(queue)
    for name in ("process bad_result", "process bad_payload"):
        assert outcomes(spans, name) == ["failed"]
        assert attributes_of(spans.one(name))["error.type"] == "TypeError"


def test_an_error_in_a_child_process_is_told_by_its_worker(queue: TaskQueue, spans: Spans) -> None:
    """With its type and traceback."""
    queue.task(max_attempts=1)(traced_handlers.fail)
    queue.enqueue("fail")
    work(queue, executor="processes")
    span = spans.one("process fail")
    assert attributes_of(span)["error.type"] == "ValueError"
    assert 'raise ValueError("no such file")' in str(error_of(span)["exception.stacktrace"])


def test_a_child_process_that_dies_leaves_a_span(queue: TaskQueue, spans: Spans) -> None:
    """Since the span is its worker's."""
    queue.task(max_crashes=1)(traced_handlers.die)
    queue.enqueue("die")
    work(queue, executor="processes")
    span = spans.one("process die")
    attributes = attributes_of(span)
    assert (attributes["musterq.outcome"], attributes["error.type"]) == ("crashed", "crashed")
    assert attributes["musterq.crash.signal"] == 9
    assert span.status.status_code is StatusCode.ERROR
    assert "was killed by SIGKILL" in str(span.status.description)
    assert span.events == ()


def test_a_child_process_that_is_killed_at_its_time_limit_leaves_a_span(queue: TaskQueue, spans: Spans) -> None:
    """With the error that the handler never met."""
    queue.task(max_attempts=1, hard_timeout=0.1)(traced_handlers.never_end)
    queue.enqueue("never_end")
    work(queue)
    attributes = attributes_of(spans.one("process never_end"))
    assert (attributes["musterq.outcome"], attributes["error.type"]) == ("failed", "musterq.errors.TaskTimeout")


def test_drain_and_immediate_trace_too(queue: TaskQueue, spans: Spans, provider: TracerProvider) -> None:
    """An attempt is none of the business of who happens to run it, so it begins a trace."""

    @queue.task
    def mail() -> None: ...

    with provider.get_tracer("shop").start_as_current_span("order") as order:
        mail.enqueue()
        queue.drain()
        with queue.immediate():
            mail.enqueue()
        assert trace.get_current_span() is order
    assert [parent_of(span) for span in spans.named("process mail")] == [None, None]
    assert [parent_of(span) for span in spans.named("enqueue mail")] == 2 * [order.get_span_context().span_id]


def test_an_exit_in_the_main_thread_ends_the_span(queue: TaskQueue, spans: Spans) -> None:
    """The task is given back, and the program goes its way."""

    @queue.task
    def leave() -> None:
        raise SystemExit(3)

    leave.enqueue()
    with pytest.raises(SystemExit):
        queue.drain()
    assert "musterq.outcome" not in attributes_of(spans.one("process leave"))
    assert trace.get_current_span().get_span_context().is_valid is False


def test_a_worker_that_is_traced_no_more_goes_on(
    plain_queue: TaskQueue, provider: TracerProvider, spans: Spans
) -> None:
    """What is undone is undone for a worker that runs, too."""

    @plain_queue.task
    def mail() -> None: ...

    undo = instrument(plain_queue, provider)
    with working(WorkerEngine(plain_queue)):
        mail.enqueue().wait(LIMIT)
        undo()
        mail.enqueue().wait(LIMIT)
    assert spans.names() == ["enqueue mail", "process mail"]


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    """Where the extra is not installed."""
    import subprocess
    import sys

    (tmp_path / "opentelemetry.py").write_text("raise ImportError('not here')\n")
    program = "import musterq.contrib.opentelemetry"
    run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert 'ImportError: musterq.contrib.opentelemetry needs OpenTelemetry: pip install "musterq[otel]"' in run.stderr
