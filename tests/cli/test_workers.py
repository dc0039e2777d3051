"""``musterq workers``."""

from musterq import QueueMonitoring, TaskQueue
from tests.cli.running import Cli


def test_lists_who_is_on_the_roll(cli: Cli, queue: TaskQueue):
    """Id, heartbeat, tasks in flight and capabilities."""
    QueueMonitoring(queue.database).register_worker("worker-01", {"cpu": 8, "gpu": True})
    queue.enqueue("thumbnail", {})
    queue.claim("worker-01")
    titles, row = cli.lines("workers")
    assert titles.split() == [
        "WORKER",
        "STATUS",
        "SINCE",
        "(UTC)",
        "REASON",
        "HEARTBEAT",
        "IN",
        "FLIGHT",
        "HOST",
        "PID",
        "CAPABILITIES",
    ]
    assert row.startswith("worker-01")
    assert row.endswith("cpu=8 gpu=true")
    assert " 1 " in row
    assert "it holds 1 task" in row


def test_the_document_decodes_capabilities(cli: Cli, queue: TaskQueue):
    """The keys are those of get_worker_activity."""
    monitoring = QueueMonitoring(queue.database)
    monitoring.register_worker("worker-01", {"cpu": 8})
    (item,) = cli.json("workers")["items"]
    assert set(item) == set(monitoring.get_worker_activity()[0])
    assert (item["worker_id"], item["capabilities"], item["tasks_in_flight"]) == ("worker-01", {"cpu": 8}, 0)


def test_an_empty_roll_says_how_to_start_a_worker(cli: Cli, queue: TaskQueue):
    """It is no error."""
    result = cli("workers")
    assert result.exit_code == 0
    assert "musterq worker" in result.stderr
    assert cli.json("workers") == {"items": []}


def test_a_worker_can_be_taken_off_the_roll(cli: Cli, queue: TaskQueue):
    """And what it held is queued again."""
    monitoring = QueueMonitoring(queue.database)
    for worker_id in ("worker-01", "worker-02"):
        monitoring.register_worker(worker_id)
    handle = queue.enqueue("thumbnail", {})
    queue.claim("worker-01")
    assert cli.lines("workers", "--remove", "worker-01") == ["worker-01 is removed"]
    assert handle.status() == "queued"
    assert cli.json("workers", "--remove", "worker-02") == {"worker_id": "worker-02", "removed": True}
    assert monitoring.get_all_workers() == []


def test_a_worker_that_is_not_there_cannot_be_removed(cli: Cli, queue: TaskQueue):
    """The message says where to look; an id that cannot be is wrong usage."""
    result = cli("workers", "--remove", "worker-01")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "there is no worker 'worker-01'; list them with: musterq workers" in result.stderr
    assert cli("workers", "--remove", "").exit_code == 2


def test_hostile_names_are_only_text(cli: Cli, queue: TaskQueue):
    """A worker's id cannot steer a terminal, nor break the table."""
    QueueMonitoring(queue.database).register_worker("a [red]b[/red]", {"x": "\x1b[31m"})
    _, row = cli.lines("workers")
    assert row.startswith("a [red]b[/red]")
    assert "\x1b" not in row


def test_stale_workers_can_be_taken_off_the_roll(cli: Cli, queue: TaskQueue):
    """Those that have been silent for longer; others stay."""
    monitoring = QueueMonitoring(queue.database)
    for worker_id in ("silent-1", "silent-2", "worker-01"):
        monitoring.register_worker(worker_id)
    queue.database.execute("UPDATE workers SET heartbeat_utc = '2020-01-01 00:00:00' WHERE worker_id LIKE 'silent%'")
    assert cli.lines("workers", "--remove-stale", 600) == ["silent-1 is removed", "silent-2 is removed"]
    assert [worker.worker_id for worker in monitoring.get_all_workers()] == ["worker-01"]
    result = cli("workers", "--remove-stale", 600)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no worker has been silent for longer than 600 s" in result.stderr
    assert cli.json("workers", "--remove-stale", 600) == {"removed": []}


def test_what_to_remove_is_said_once_and_in_seconds(cli: Cli, queue: TaskQueue):
    """Anything else is wrong usage."""
    both = cli.error("workers", "--remove", "a", "--remove-stale", 600, code=2)
    assert "give --remove ID or --remove-stale SECONDS, not both" in both
    assert "--remove-stale=-1.0 is out of range" in cli.error("workers", "--remove-stale", -1, code=2)
