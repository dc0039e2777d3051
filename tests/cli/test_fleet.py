"""``musterq expect`` and ``musterq unservable``."""

from __future__ import annotations

import pytest

from musterq import QueueMonitoring, TaskQueue
from musterq.models import WorkerFacts
from tests.cli.running import Cli


def test_workers_are_expected(cli: Cli, queue: TaskQueue):
    """With all that was said of them."""
    monitoring = QueueMonitoring(queue.database)
    monitoring.register_worker("worker-01", {"gpu": True, "memory_gb": 64})
    assert cli.lines(
        "expect", "images", 4, "--type", "thumbnail", "--type", "video",
        "--require", "gpu=true", "--require", 'memory_gb={"min": 32}',
    ) == ["images: 4 expected, 1 alive"]  # fmt: skip
    (found,) = monitoring.get_expectations()
    assert (found["expected"], found["types"]) == (4, ["thumbnail", "video"])
    assert found["capabilities"] == {"gpu": True, "memory_gb": {"min": 32}}


def test_expectations_are_listed(cli: Cli, queue: TaskQueue):
    """With who went last, and why."""
    monitoring = QueueMonitoring(queue.database)
    cli.lines("expect", "images", 2, "--type", "thumbnail", "--require", "gpu=true")
    cli.lines("expect", "others", 1)
    monitoring.register_worker("worker-01", {"gpu": True})
    monitoring.remove_worker("worker-01")
    titles, images, others = cli.lines("expect")
    assert titles.split() == ["NAME", "EXPECTED", "ALIVE", "MISSING", "TYPES", "REQUIRED", "LAST", "GONE"]
    assert images.split()[:6] == ["images", "2", "0", "2", "thumbnail", "gpu=true"]
    assert "worker-01: it was removed (" in images
    assert others.split()[:6] == ["others", "1", "0", "1", "–", "–"]


def test_the_host_of_who_went_last_is_told(cli: Cli, queue: TaskQueue):
    """Where a process registered it."""
    cli.lines("expect", "images", 2)
    queue.storage.register("worker-01", "{}", WorkerFacts(host="host-7", pid=1))
    queue.storage.remove_worker("worker-01", left="it stopped (asked)")
    assert "worker-01 on host-7: it stopped (asked) (" in cli.lines("expect")[1]


def test_the_documents_are_those_of_the_api(cli: Cli, queue: TaskQueue):
    """Of one expectation, and of all."""
    one = cli.json("expect", "images", 2)
    (known,) = QueueMonitoring(queue.database).get_expectations()
    assert one == known
    assert cli.json("expect") == {"items": [known]}


@pytest.mark.parametrize("forget", [["--forget"], ["0"]])
def test_an_expectation_is_forgotten(cli: Cli, queue: TaskQueue, forget: list[str]):
    """By its name."""
    cli.lines("expect", "images", 2)
    assert cli.lines("expect", "images", *forget) == ["images is not expected any more"]
    assert QueueMonitoring(queue.database).get_expectations() == []
    cli.lines("expect", "images", 2)
    assert cli.json("expect", "images", *forget) == {"name": "images", "expected": 0}


def test_what_is_not_expected_cannot_be_forgotten(cli: Cli, queue: TaskQueue):
    """A mistyped name is told."""
    assert "nothing is expected under the name 'image'" in cli.error("expect", "image", "--forget", code=1)


def test_without_expectations_the_listing_says_how_to_have_one(cli: Cli, queue: TaskQueue):
    """It is no error."""
    result = cli("expect")
    assert result.exit_code == 0
    assert "musterq expect NAME COUNT" in result.stderr
    assert cli.json("expect") == {"items": []}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["images"], "give how many workers"),
        (["images", "2", "--forget"], "or --forget"),
        (["images", "--forget", "--type", "mail"], "needs the name alone"),
        (["--forget"], "give the name"),
        (["--type", "mail"], "give the name"),
        (["images", "2", "--require", "gpu"], "NAME=VALUE"),
        (["images", "2", "--require", 'gpu={"more": 1}'], "unknown operator 'more'"),
        (["images", "2", "--type", ","], "types is empty"),
        (["images", "--", "-1"], "count=-1"),
    ],
)
def test_what_cannot_be_expected_is_wrong_usage(cli: Cli, queue: TaskQueue, arguments: list[str], words: str):
    """With what to give instead."""
    assert words in cli.error("expect", *arguments, code=2)
    assert QueueMonitoring(queue.database).get_expectations() == []


def test_what_is_unservable_is_listed(cli: Cli, queue: TaskQueue):
    """With what the nearest workers lack."""
    queue.enqueue("video", {}, compatibility={"gpu": True})
    QueueMonitoring(queue.database).register_worker("worker-01")
    titles, line = cli.lines("unservable")
    assert titles.split() == ["TYPE", "WAITING", "OLDEST", "REASON", "ASKED"]
    assert line.split()[:2] == ["video", "1"]
    assert "1 worker lacks gpu" in line
    assert line.endswith('{"gpu": true}')


def test_the_document_of_what_is_unservable(cli: Cli, queue: TaskQueue):
    """Its compatibility is decoded."""
    queue.enqueue("video", {}, compatibility={"gpu": True})
    (item,) = cli.json("unservable")["items"]
    (known,) = QueueMonitoring(queue.database).get_unservable()
    assert item == {**known, "compatibility": {"gpu": True}, "oldest_age_seconds": item["oldest_age_seconds"]}


def test_where_nothing_is_unservable_it_says_so(cli: Cli, queue: TaskQueue):
    """On stderr, out of the way of pipes."""
    result = cli("unservable")
    assert result.exit_code == 0
    assert "a worker could take each task that waits" in result.stderr
    assert cli.json("unservable") == {"items": []}


@pytest.mark.parametrize("command", ["expect", "unservable"])
def test_a_queue_that_is_not_there_is_not_made(cli: Cli, command: str):
    """A mistyped path is told."""
    assert "there is no queue" in cli.error(command, code=1)
