"""A program with a queue of its own, as users write them."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from musterq import TaskQueue
from musterq.queue.task_queue import TaskQueue as Queue
from musterq.testing import FrozenClock, isolated


@pytest.fixture
def frozen() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Its queue is in a file that no test may make."""
    queue = TaskQueue(tmp_path_factory.mktemp("shop") / "shop.db")

    @queue.task(type="mail", max_attempts=3)
    def mail(to: str) -> str:
        if to == "nobody":
            raise ValueError("there is no such person")
        return f"sent to {to}"

    return SimpleNamespace(queue=queue, mail=mail)


@pytest.fixture
def queue(shop: SimpleNamespace, frozen: FrozenClock) -> Iterator[Queue]:
    """That queue, on a database of the test's."""
    with isolated(shop.queue, clock=frozen):
        yield shop.queue
