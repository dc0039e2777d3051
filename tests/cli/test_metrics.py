"""``musterq metrics``."""

from musterq import QueueMonitoring, TaskQueue
from tests.cli.running import Cli


def test_shows_depths_rates_and_workers(cli: Cli, queue: TaskQueue, failed: int):
    """A reader finds every number by its name."""
    for _ in range(3):
        queue.enqueue("mail", {})
    queue.pause("report")
    text = "\n".join(" ".join(line.split()) for line in cli.lines("metrics"))
    for wanted in ("queued 3", "failed 1", "mail 3", "failure rate 100.0 %", "paused types report", "1 active"):
        assert wanted in text


def test_says_how_long_the_oldest_task_waits_in_words(cli: Cli, queue: TaskQueue):
    """Ages are for people."""
    queue.database.execute(
        "INSERT INTO task_queue (type, payload, created_at_utc, run_after_utc) "
        "VALUES ('mail', '{}', datetime('now', '-192 seconds'), datetime('now', '-192 seconds'))"
    )
    assert any("waits for 3 minutes 1" in line for line in cli.lines("metrics"))


def test_an_empty_queue_has_metrics_too(cli: Cli, queue: TaskQueue):
    """Nothing there is an answer."""
    assert any("none is queued" in line for line in cli.lines("metrics"))


def test_the_document_is_what_python_programs_get(cli: Cli, queue: TaskQueue, failed: int):
    """The keys of get_queue_metrics, and the paused types."""
    queue.pause("report")
    document = cli.json("metrics")
    assert document == {**QueueMonitoring(queue.database).get_queue_metrics(), "paused_types": ["report"]}


def test_says_what_happened_lately(cli: Cli, queue: TaskQueue, failed: int):
    """In the last minute and hour, and of each type."""
    text = "\n".join(" ".join(line.split()) for line in cli.lines("metrics"))
    assert "LAST MINUTE HOUR" in text
    for wanted in ("enqueued 0 1", "started 0 1", "failed 0 1"):
        assert wanted in text


def test_says_what_is_missing(cli: Cli, queue: TaskQueue):
    """Workers that are expected, and tasks that nobody can take."""
    monitoring = QueueMonitoring(queue.database)
    monitoring.expect_workers("render", 2, types=["video"])
    queue.enqueue("video", {}, compatibility={"gpu": True})
    text = "\n".join(" ".join(line.split()) for line in cli.lines("metrics"))
    assert "expected workers 2, of which 2 are missing" in text
    assert "unservable tasks 1" in text
