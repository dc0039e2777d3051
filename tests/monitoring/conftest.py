"""A queue that was initialised as programs do it, and who watches it."""

from __future__ import annotations

import pytest

from musterq.database import QueueDatabase
from musterq.monitoring import QueueMonitoring


@pytest.fixture
def database(database: QueueDatabase) -> QueueDatabase:
    database.initialize_schema()
    return database


@pytest.fixture
def monitoring(database: QueueDatabase) -> QueueMonitoring:
    return QueueMonitoring(database)
