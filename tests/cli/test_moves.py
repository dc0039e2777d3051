"""``musterq retry`` and ``musterq cancel``."""

import json

from musterq import TaskQueue
from tests.cli.running import Cli


def test_retry_queues_a_failed_task_again(cli: Cli, queue: TaskQueue, failed: int):
    """Its attempts start from zero."""
    assert cli.lines("retry", failed) == [f"task {failed}: queued again"]
    task = queue.get(failed)
    assert (task.status, task.attempts) == ("queued", 0)


def test_retry_with_a_delay_schedules_it(cli: Cli, queue: TaskQueue, failed: int):
    """--delay says how long it waits."""
    assert cli.json("retry", failed, "--delay", 60) == {"retried": [failed], "unchanged": []}
    assert queue.get(failed).status == "scheduled"


def test_retry_leaves_a_waiting_task_and_says_why(cli: Cli, queue: TaskQueue, failed: int):
    """What can be retried is retried; the rest is explained, and the exit code says that there was some."""
    waiting = queue.enqueue("mail", {}).id
    result = cli("retry", waiting, failed)
    assert result.exit_code == 1
    assert result.stdout == f"task {failed}: queued again\n"
    assert result.stderr == f"Error: task {waiting} is queued and cannot be retried: it has not finished\n"


def test_retry_of_an_unknown_task_says_so(cli: Cli, queue: TaskQueue):
    """The document tells it, too."""
    result = cli("retry", 17, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"retried": [], "unchanged": [17]}
    assert "there is no task 17" in result.stderr


def test_retry_with_a_negative_delay_is_wrong_usage(cli: Cli, queue: TaskQueue, failed: int):
    """Nothing is moved."""
    assert "delay" in cli.error("retry", failed, "--delay", "-1", code=2)
    assert queue.get(failed).status == "failed"


def test_cancel_cancels_what_waits(cli: Cli, queue: TaskQueue):
    """Several at once."""
    ids = [queue.enqueue("mail", {}).id for _ in range(2)]
    assert cli.json("cancel", *ids) == {"cancelled": ids, "unchanged": []}
    assert [queue.get(id).status for id in ids] == ["cancelled", "cancelled"]


def test_cancel_asks_a_running_task_to_stop(cli: Cli, queue: TaskQueue):
    """It goes on until its handler looks."""
    id = queue.enqueue("mail", {}).id
    queue.claim("worker-01")
    assert cli("cancel", id).exit_code == 0
    assert (queue.get(id).status, bool(queue.get(id).cancel_requested)) == ("processing", True)


def test_cancel_leaves_a_finished_task(cli: Cli, queue: TaskQueue, failed: int):
    """It says what the task is."""
    result = cli("cancel", failed)
    assert result.exit_code == 1
    assert f"task {failed} is failed and cannot be cancelled" in result.stderr


def test_a_task_that_is_named_twice_is_moved_once(cli: Cli, failed: int):
    """The second name is no failure."""
    assert cli.json("retry", failed, failed) == {"retried": [failed], "unchanged": []}


def test_ids_are_needed(cli: Cli, queue: TaskQueue):
    """A command that would do nothing is wrong usage."""
    assert cli("retry").exit_code == 2
