"""A queue whose spans are kept in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from musterq.contrib.opentelemetry import instrument
from musterq.database import QueueDatabase
from musterq.queue.task_queue import TaskQueue
from tests.contrib.spans import Spans


@pytest.fixture
def provider() -> TracerProvider:
    return TracerProvider(shutdown_on_exit=False)


@pytest.fixture
def spans(provider: TracerProvider) -> Spans:
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return Spans(exporter)


@pytest.fixture
def plain_queue(tmp_path: Path) -> Iterator[TaskQueue]:
    """Not traced."""
    with QueueDatabase(tmp_path / "queue.db") as database:
        yield TaskQueue(database)


@pytest.fixture
def queue(plain_queue: TaskQueue, provider: TracerProvider) -> TaskQueue:
    instrument(plain_queue, provider)
    return plain_queue
