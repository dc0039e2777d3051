"""``musterq limit`` and ``musterq limits``."""

import pytest

from musterq import TaskQueue
from tests.cli.running import Cli


def test_a_limit_is_set_and_holds(cli: Cli, queue: TaskQueue):
    for _ in range(3):
        queue.enqueue("mail", {})
    assert cli.lines("limit", "mail", "--running", 2, "--rate", "100/m") == [
        "mail runs at most 2 at once, and starts at most 100/m"
    ]
    assert len(queue.claim("worker-01", limit=10)) == 2


def test_a_limit_is_ended(cli: Cli, queue: TaskQueue):
    queue.set_limit("mail", 1)
    assert cli.lines("limit", "mail", "--none") == ["mail has no limit"]
    assert queue.limits() == {}


def test_limits_are_listed(cli: Cli, queue: TaskQueue):
    """The rate reads as it is given."""
    queue.set_limit("mail", 2)
    queue.set_limit("report", rate=(7, 30.0))
    assert [line.split() for line in cli.lines("limits")] == [
        ["TYPE", "RUNNING", "RATE"],
        ["mail", "2", "–"],
        ["report", "–", "7/30s"],
    ]


def test_without_limits_the_listing_says_how_to_give_one(cli: Cli, queue: TaskQueue):
    assert cli.lines("limits") == ["no type has a limit; give one with: musterq limit TYPE --running N"]


def test_both_answer_in_json(cli: Cli, queue: TaskQueue):
    mail = {"type": "mail", "running": 2, "rate": "10/s"}
    assert cli.json("limit", "mail", "--running", 2, "--rate", "10/s") == mail
    assert cli.json("limits") == {"limits": [mail]}
    assert cli.json("limit", "mail", "--none") == {"type": "mail", "running": None, "rate": None}
    assert cli.json("limits") == {"limits": []}


@pytest.mark.parametrize("options", [[], ["--none", "--running", "2"], ["--none", "--rate", "1/s"]])
def test_a_limit_and_its_end_exclude_one_another(cli: Cli, queue: TaskQueue, options: list[str]):
    assert "--none alone" in cli.error("limit", "mail", *options, code=2)


@pytest.mark.parametrize("options", [["--running", "0"], ["--rate", "often"]])
def test_a_limit_that_cannot_be_is_wrong_usage(cli: Cli, queue: TaskQueue, options: list[str]):
    assert options[0].removeprefix("--") in cli.error("limit", "mail", *options, code=2)
    assert queue.limits() == {}
