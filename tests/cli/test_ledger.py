"""``musterq ledger``."""

from __future__ import annotations

import pytest

from musterq import QueueMonitoring, TaskQueue
from tests.cli.running import Cli


@pytest.fixture
def removed(queue: TaskQueue) -> int:
    """A task whose worker was removed, which then finished it."""
    handle = queue.enqueue("thumbnail", {})
    (claim,) = queue.claim("worker-01")
    QueueMonitoring(queue.database).remove_worker("worker-01")
    assert not queue.complete(claim)
    return handle.id


def test_lists_what_was_taken_and_refused(cli: Cli, removed: int):
    """Newest first."""
    titles, refused, rescued = cli.lines("ledger")
    assert titles.split()[:4] == ["AT", "(UTC)", "EVENT", "TASK"]
    assert "refused" in refused
    assert "not held" in refused
    assert "completed" in refused
    assert "rescued" in rescued
    assert "worker-01" in rescued
    assert "removed" in rescued


def test_of_one_task_of_one_worker_and_not_too_many(cli: Cli, removed: int):
    """The first line is that of the titles."""
    assert len(cli.lines("ledger", "--limit", 1)) == 2
    assert len(cli.lines("ledger", "--task", removed, "--worker", "worker-01")) == 3
    assert len(cli.lines("ledger", "--worker", "worker-02")) == 1


def test_the_document_has_the_totals_too(cli: Cli, queue: TaskQueue, removed: int):
    """The keys are those of get_ledger."""
    document = cli.json("ledger")
    assert document["items"] == QueueMonitoring(queue.database).get_ledger()
    assert document["totals"] == {"refused": {"not held": 1}, "rescued": {"removed": 1}}


def test_an_empty_ledger_says_so(cli: Cli, queue: TaskQueue):
    """It is no error."""
    result = cli("ledger")
    assert result.exit_code == 0
    assert "nothing was taken" in result.stderr
    assert cli.json("ledger") == {"items": [], "totals": {}}


@pytest.mark.parametrize("wrong", [("--limit", 0), ("--task", "x"), ("--worker", "")])
def test_what_cannot_be_asked_is_a_usage_error(cli: Cli, queue: TaskQueue, wrong: tuple[str, object]):
    """With the option or the argument in its line."""
    assert cli("ledger", *wrong).exit_code == 2
