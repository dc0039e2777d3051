"""A queue that was initialised as programs do it, and who watches it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from musterq.database import QueueDatabase
from musterq.monitoring import QueueMonitoring
from musterq.monitoring.prometheus import QueueCollector
from tests.monitoring.everything import Everything
from tests.support import MovableClock


@pytest.fixture
def database(database: QueueDatabase) -> QueueDatabase:
    database.initialize_schema()
    return database


@pytest.fixture
def monitoring(database: QueueDatabase) -> QueueMonitoring:
    return QueueMonitoring(database)


@pytest.fixture
def registry(monitoring: QueueMonitoring) -> CollectorRegistry:
    """A registry of a program, with the queue in it."""
    registry = CollectorRegistry()
    registry.register(QueueCollector(monitoring))
    return registry


@pytest.fixture
def everything(database: QueueDatabase, clock: MovableClock) -> None:
    """All that can be measured has happened."""
    Everything(database.storage, clock).happen()


@pytest.fixture
def value(registry: CollectorRegistry) -> Callable[..., float | None]:
    """What a metric with these labels is now; None: absent."""
    return lambda name, **labels: registry.get_sample_value(name, labels)
