"""Spans where tasks are enqueued, and what goes along with the tasks."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, StatusCode

from musterq.contrib.opentelemetry import instrument
from musterq.errors import QueueDatabaseError
from musterq.events import Events
from musterq.queue.aio import AsyncTaskQueue
from musterq.queue.task_queue import TaskQueue
from musterq.worker.ticker import Ticker
from tests.contrib.spans import Spans, attributes_of, context_of, links_of, parent_of

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def headers_of(queue: TaskQueue, task_id: int) -> dict[str, str]:
    task = queue.get(task_id)
    assert task is not None
    found: dict[str, str] = json.loads(task.headers or "{}")
    return found


def traceparent_of(span: Any) -> str:
    known = context_of(span)
    return f"00-{known.trace_id:032x}-{known.span_id:016x}-{known.trace_flags:02x}"


def test_an_enqueue_is_a_producer_span(queue: TaskQueue, spans: Spans) -> None:
    """By the conventions for messaging."""
    handle = queue.enqueue("mail", {"to": "ä"}, priority=7)
    span = spans.one("enqueue mail")
    assert span.kind is SpanKind.PRODUCER
    assert span.status.status_code is StatusCode.UNSET
    assert attributes_of(span) == {
        "messaging.system": "musterq",
        "messaging.operation.type": "send",
        "messaging.operation.name": "enqueue",
        "messaging.destination.name": "mail",
        "messaging.message.id": str(handle.id),
        "messaging.message.body.size": len('{"to":"ä"}'.encode()),
        "musterq.priority": 7,
        "musterq.created": True,
    }


def test_the_task_carries_the_span_beside_the_headers_of_the_caller(queue: TaskQueue, spans: Spans) -> None:
    """As W3C has it."""
    handle = queue.enqueue("mail", headers={"tenant": "7"})
    assert headers_of(queue, handle.id) == {"tenant": "7", "traceparent": traceparent_of(spans.one("enqueue mail"))}


def test_baggage_goes_along(queue: TaskQueue) -> None:
    """For the handler."""
    token = context.attach(baggage.set_baggage("tenant", "7"))
    handle = queue.enqueue("mail")
    context.detach(token)
    assert headers_of(queue, handle.id)["baggage"] == "tenant=7"


def test_a_context_that_the_caller_gave_is_left_as_it_is_and_linked(queue: TaskQueue, spans: Spans) -> None:
    """It says where the task comes from."""
    handle = queue.enqueue("mail", headers={"traceparent": TRACEPARENT})
    assert headers_of(queue, handle.id) == {"traceparent": TRACEPARENT}
    assert links_of(spans.one("enqueue mail")) == [0xB7AD6B7169203331]


def test_an_enqueue_belongs_to_the_span_around_it(queue: TaskQueue, spans: Spans, provider: TracerProvider) -> None:
    """Also off the event loop."""

    async def enqueue() -> None:
        await AsyncTaskQueue(queue).enqueue("mail")

    with provider.get_tracer("shop").start_as_current_span("order") as order:
        queue.enqueue("mail")
        asyncio.run(enqueue())
    parents = {parent_of(span) for span in spans.named("enqueue mail")}
    assert parents == {order.get_span_context().span_id}


def test_many_tasks_are_one_span(queue: TaskQueue, spans: Spans) -> None:
    """Which all of them carry."""
    handles = queue.enqueue_many([{"type": "mail"}, {"type": "mail", "headers": {"tenant": "7"}}])
    span = spans.one("enqueue mail")
    attributes = attributes_of(span)
    assert attributes["messaging.batch.message_count"] == len(handles)
    assert "messaging.message.id" not in attributes
    assert [headers_of(queue, handle.id)["traceparent"] for handle in handles] == 2 * [traceparent_of(span)]
    assert headers_of(queue, handles[1].id)["tenant"] == "7"


def test_many_tasks_of_several_types_have_no_one_destination(queue: TaskQueue, spans: Spans) -> None:
    """So the span is named by what is done."""
    queue.enqueue_many([{"type": "mail"}, {"type": "report"}])
    assert "messaging.destination.name" not in attributes_of(spans.one("enqueue"))


def test_nothing_to_enqueue_is_no_span(queue: TaskQueue, spans: Spans) -> None:
    """An empty list writes nothing."""
    queue.enqueue_many([])
    assert spans.names() == []


def test_the_parts_of_a_chain_and_a_group_carry_the_span(queue: TaskQueue, spans: Spans) -> None:
    """Those that wait, too."""
    last = queue.chain(queue.part("fetch"), queue.part("resize").into("path"))
    group = queue.group(queue.part("mail"), queue.part("mail"))
    assert headers_of(queue, last.id)["traceparent"] == traceparent_of(spans.one("enqueue"))
    assert headers_of(queue, group.handles[1].id)["traceparent"] == traceparent_of(spans.one("enqueue mail"))


def test_a_task_within_a_transaction_of_the_callers_carries_the_span(queue: TaskQueue, spans: Spans) -> None:
    """As any other."""
    queue.enqueue("mail")
    with closing(sqlite3.connect(queue.database.location, timeout=30)) as connection, connection:
        connection.execute("BEGIN")
        handle = queue.enqueue("mail", within=connection)
    assert headers_of(queue, handle.id)["traceparent"] == traceparent_of(spans.named("enqueue mail")[1])


def test_a_task_that_is_there_already_is_told_as_such(queue: TaskQueue, spans: Spans) -> None:
    """It keeps the context that it has."""
    first = queue.enqueue("mail", idempotency_key="k")
    queue.enqueue("mail", idempotency_key="k")
    one, other = spans.named("enqueue mail")
    assert attributes_of(other)["musterq.created"] is False
    assert attributes_of(other)["messaging.message.id"] == str(first.id)
    assert headers_of(queue, first.id)["traceparent"] == traceparent_of(one)


def test_an_enqueue_that_fails_is_a_span_with_the_error(queue: TaskQueue, spans: Spans) -> None:
    """The error goes on to the caller."""
    queue.enqueue("mail")
    queue.database.execute("DROP TABLE task_queue")
    with pytest.raises(QueueDatabaseError):
        queue.enqueue("mail")
    span = spans.named("enqueue mail")[1]
    assert span.status.status_code is StatusCode.ERROR
    assert attributes_of(span)["error.type"] == "musterq.errors.QueueDatabaseError"
    assert [event.name for event in span.events] == ["exception"]


def test_a_tick_is_a_producer_span(queue: TaskQueue, spans: Spans) -> None:
    """Of the worker that was first; for the others nothing happens."""

    @queue.every(3600)
    def hourly() -> None: ...

    queue.save_schedules()
    queue.database.execute("UPDATE schedules SET next_utc = '2020-01-01 00:00:00.000'")
    ticker = Ticker(queue.storage, queue.events)
    ticker.run()
    ticker.run()
    (task,) = queue.find()
    span = spans.one("enqueue hourly")
    headers = headers_of(queue, task.id)
    assert headers["traceparent"] == traceparent_of(span)
    assert "musterq-tick" in headers


def test_a_tick_that_another_worker_was_faster_with_is_no_span(queue: TaskQueue, spans: Spans) -> None:
    """Nothing was enqueued here."""

    @queue.every(3600)
    def hourly() -> None: ...

    queue.save_schedules()
    queue.database.execute("UPDATE schedules SET next_utc = '2020-01-01 00:00:00.000'")
    (due,) = queue.storage.due_schedules()
    Ticker(queue.storage, Events()).run()
    ticker = Ticker(queue.storage, queue.events)
    ticker._tick(due)
    assert spans.names() == []


def test_a_queue_is_traced_until_that_is_undone(plain_queue: TaskQueue, provider: TracerProvider, spans: Spans) -> None:
    """And then as if it never had been."""
    undo = instrument(AsyncTaskQueue(plain_queue), provider)
    plain_queue.enqueue("mail")
    undo()
    undo()
    handle = plain_queue.enqueue("mail")
    assert spans.names() == ["enqueue mail"]
    assert headers_of(plain_queue, handle.id) == {}


def test_a_queue_is_traced_once(queue: TaskQueue, provider: TracerProvider) -> None:
    """Two would each have a span for everything."""
    with pytest.raises(ValueError, match="is traced already; call what instrument"):
        instrument(queue, provider)


def test_only_a_queue_is_traced() -> None:
    """The message says what was given."""
    with pytest.raises(TypeError, match="takes a TaskQueue or AsyncTaskQueue, not str"):
        instrument("queue.db")  # type: ignore[arg-type]


def test_without_a_provider_the_context_around_goes_along(plain_queue: TaskQueue, provider: TracerProvider) -> None:
    """Whoever configures nothing exports nothing, and breaks no trace that passes through."""
    undo = instrument(plain_queue, trace.NoOpTracerProvider())
    with provider.get_tracer("shop").start_as_current_span("order") as order:
        handle = plain_queue.enqueue("mail")
    undo()
    assert headers_of(plain_queue, handle.id) == {"traceparent": traceparent_of(order)}
