"""Tracing that fails: tasks are written once and run once, as without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import pytest
from opentelemetry.propagate import get_global_textmap
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

from musterq.contrib.opentelemetry import instrument
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine
from tests.contrib.spans import Spans
from tests.contrib.traced_handlers import where


def fail(*_: object, **__: object) -> NoReturn:
    raise RuntimeError("broken")


class BrokenStart(SpanProcessor):
    on_start = fail


class BrokenEnd(SpanProcessor):
    on_end = fail


class BrokenPropagator(TextMapPropagator):
    extract = inject = fail
    fields = frozenset()


class BrokenInjection(BrokenPropagator):
    extract = staticmethod(get_global_textmap().extract)


@pytest.fixture(params=[BrokenStart, BrokenEnd, BrokenPropagator], ids=lambda kind: kind.__name__)
def broken_queue(request: pytest.FixtureRequest, plain_queue: TaskQueue, provider: TracerProvider) -> TaskQueue:
    part = request.param()
    if isinstance(part, SpanProcessor):
        provider.add_span_processor(part)
    instrument(plain_queue, provider, propagator=None if isinstance(part, SpanProcessor) else part)
    return plain_queue


@pytest.mark.parametrize("executor", ["threads", "asyncio"])
def test_a_task_runs_once(broken_queue: TaskQueue, caplog: pytest.LogCaptureFixture, executor: str) -> None:
    """And is completed; the fault is logged."""
    ran: list[str] = []

    async def mail() -> None:
        ran.append("here")

    handler: Callable[[], object] = mail if executor == "asyncio" else lambda: ran.append("here")
    broken_queue.task(type="mail")(handler)
    task_id = broken_queue.enqueue("mail", {}).id
    WorkerEngine(broken_queue, burst=True).run()
    task = broken_queue.get(task_id)
    assert task is not None
    assert (ran, task.status) == (["here"], "completed")
    assert "tracing failed" in caplog.text


def test_a_task_runs_once_in_a_child_process(broken_queue: TaskQueue) -> None:
    broken_queue.task(executor="processes", type="mail")(where)
    task_id = broken_queue.enqueue("mail", {}).id
    WorkerEngine(broken_queue, burst=True).run()
    task = broken_queue.get(task_id)
    assert task is not None
    assert (task.status, task.attempts) == ("completed", 1)


def test_a_call_that_fails_by_itself_says_why(broken_queue: TaskQueue) -> None:
    """And not what is wrong with its tracing."""
    broken_queue.storage.execute("DROP TABLE tallies")
    with pytest.raises(Exception, match="no such table"):
        broken_queue.enqueue("mail", {})


def test_a_propagator_that_cannot_write_leaves_the_span(
    plain_queue: TaskQueue, provider: TracerProvider, spans: Spans
) -> None:
    """And the task without its context."""
    instrument(plain_queue, provider, propagator=BrokenInjection())
    task = plain_queue.get(plain_queue.enqueue("mail", {}).id)
    assert spans.names() == ["enqueue mail"]
    assert task is not None
    assert not task.headers
