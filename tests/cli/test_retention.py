"""``musterq retention`` and ``musterq prune``."""

import pytest

from musterq import TaskQueue
from tests.cli.running import Cli

WEEK = {"max_age_seconds": 604_800.0, "max_count": None}


def test_the_rules_are_shown(cli: Cli, queue: TaskQueue):
    """One a line."""
    assert [line.split("  ")[0] for line in cli.lines("retention")] == [
        "STATUS",
        "cancelled",
        "completed",
        "failed",
        "ledger",
    ]
    assert cli.json("retention")["completed"] == WEEK


def test_a_rule_is_shown_alone(cli: Cli, queue: TaskQueue):
    """That of the status which is named."""
    assert cli.json("retention", "completed") == {"completed": WEEK}


@pytest.mark.parametrize(
    ("options", "age", "count"),
    [
        (["--max-age", "2d"], 172_800.0, None),
        (["--max-age", "1.5h"], 5400.0, None),
        (["--max-age", "30"], 30.0, None),
        (["--max-count", "5"], None, 5),
        (["--max-age", "4w", "--max-count", "5"], 2_419_200.0, 5),
        (["--forever"], None, None),
    ],
)
def test_a_rule_is_set(cli: Cli, queue: TaskQueue, options: list[str], age: float | None, count: int | None):
    """Whole: a bound that is not given is none."""
    said = cli.json("retention", "failed", *options)
    assert said == {"failed": {"max_age_seconds": age, "max_count": count}}
    assert queue.retention()["failed"].max_age_seconds == age


def test_a_rule_without_bounds_is_said_in_words(cli: Cli, queue: TaskQueue):
    """And numbers with their thousands."""
    queue.set_retention("failed", max_count=100_000)
    assert cli.lines("retention", "failed")[1].split() == ["failed", "ever", "100,000"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--max-age", "2d"], "say which are meant"),
        (["failed", "--forever", "--max-count", "2"], "--forever"),
        (["queued"], "give one of: cancelled, completed, failed, ledger"),
        (["queued", "--forever"], "give one of: cancelled, completed, failed, ledger"),
        (["failed", "--max-count", "0"], "max_count=0"),
    ],
)
def test_what_cannot_be_meant_is_refused(cli: Cli, queue: TaskQueue, arguments: list[str], words: str):
    """With what to say instead; the rules stay."""
    before = queue.retention()
    assert words in cli.error("retention", *arguments, code=2)
    assert queue.retention() == before


def test_an_age_that_is_none_is_refused(cli: Cli, queue: TaskQueue):
    """With the units there are."""
    result = cli("retention", "failed", "--max-age", "soon")
    assert result.exit_code == 2
    assert "such as 7d" in result.stderr


def test_old_tasks_are_pruned_at_once(cli: Cli, queue: TaskQueue):
    """And free space is given back."""
    queue.enqueue_many([{"type": "mail", "payload": "x" * 50_000} for _ in range(20)])
    for claim in queue.claim("w", limit=20):
        queue.complete(claim)
    queue.set_retention("completed", max_count=2)
    said = cli.json("prune")
    assert (said["tasks"], said["entries"]) == (18, 0)
    assert said["bytes"] > 500_000
    assert len(queue.find()) == 2
    assert cli.lines("prune") == ["tasks pruned: 0; ledger entries: 0; given back: 0 bytes"]
