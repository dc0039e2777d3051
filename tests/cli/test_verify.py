"""``musterq verify``."""

from __future__ import annotations

import pytest

from musterq import QueueMonitoring, TaskQueue
from tests.cli.running import Cli


@pytest.fixture
def spoiled(queue: TaskQueue) -> None:
    """Three queued tasks, of which five are counted."""
    queue.enqueue_many([{"type": "thumbnail"}] * 3)
    queue.database.execute("UPDATE counters SET n = n + 2 WHERE kind = 3")


def test_a_sound_queue_has_nothing_to_tell(cli: Cli, queue: TaskQueue) -> None:
    """The exit code is 0."""
    queue.enqueue("thumbnail", {})
    result = cli("verify")
    assert (result.exit_code, result.stdout) == (0, "all that is kept is what a full count gives\n")
    assert cli.json("verify") == {"right": True, "repaired": False, "items": []}


def test_what_differs_is_listed_with_what_to_do(cli: Cli, spoiled: None) -> None:
    """The exit code is 1, and nothing is changed."""
    for _ in range(2):
        result = cli("verify")
        assert result.exit_code == 1
        titles, line = result.stdout.splitlines()
        assert titles.split() == ["WHAT", "WHERE", "KEPT", "COUNTED"]
        assert line.split("  ") == ["tasks", "thumbnail, queued", "tasks 5", "tasks 3"]
        assert f"musterq verify --repair --database {cli.database}" in result.stderr


def test_it_is_mended(cli: Cli, queue: TaskQueue, spoiled: None) -> None:
    """What it was is listed; the exit code is 0, and afterwards all is right."""
    result = cli("verify", "--repair")
    assert result.exit_code == 0
    assert "thumbnail, queued" in result.stdout
    assert "right now" in result.stderr
    assert QueueMonitoring(queue.database).get_queue_metrics()["queue_depth_by_status"] == {"queued": 3}
    assert cli("verify").exit_code == 0


def test_the_document_has_the_figures(cli: Cli, queue: TaskQueue, spoiled: None) -> None:
    """Before and after; there is nothing the second time."""
    item = {"what": "tasks", "where": "thumbnail, queued", "kept": {"tasks": 5}, "counted": {"tasks": 3}}
    found = cli("verify", "--json")
    assert found.exit_code == 1
    assert QueueMonitoring(queue.database).verify() == [item]
    assert cli.json("verify", "--repair") == {"right": True, "repaired": True, "items": [item]}
    assert cli.json("verify", "--repair") == {"right": True, "repaired": False, "items": []}


def test_a_missing_trigger_is_told_as_what_it_leads_to(cli: Cli, queue: TaskQueue) -> None:
    """It is made again by a repair."""
    queue.database.execute("DROP TRIGGER task_moved")
    result = cli("verify")
    assert result.exit_code == 1
    assert "trigger task_moved" in result.stdout
    assert "counts go wrong" in result.stderr
    assert cli("verify", "--repair").exit_code == 0
    assert cli("verify").exit_code == 0


def test_what_cannot_be_made_right_is_an_error(cli: Cli, queue: TaskQueue) -> None:
    """A table that is gone."""
    queue.database.execute("DROP TABLE worker_expectations")
    for arguments in (("verify",), ("verify", "--repair")):
        assert "restore a backup" in cli.error(*arguments, code=1)


def test_there_must_be_a_queue(cli: Cli) -> None:
    """A mistyped path makes no new file."""
    assert "there is no queue at" in cli.error("verify", code=1)
    assert not cli.database.exists()
