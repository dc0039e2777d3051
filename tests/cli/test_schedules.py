"""``musterq schedules``."""

import re

import pytest

from musterq import TaskQueue
from tests.cli.running import Cli

MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


def report(year: int = 2025) -> None:
    """A handler."""


@pytest.fixture
def scheduled(queue: TaskQueue) -> TaskQueue:
    """Two schedules that a worker wrote."""
    queue.cron("0 2 * * *", timezone="Europe/Berlin", name="nightly", payload={"year": 2024})(queue.task(report))
    queue.every(30, name="often")(queue.definitions["report"])
    queue.save_schedules()
    return queue


def test_schedules_are_listed(cli: Cli, scheduled: TaskQueue):
    """With their next tick."""
    scheduled.pause_schedule("often")
    titles, nightly, often = cli.lines("schedules")
    assert titles.split() == ["SCHEDULE", "TYPE", "TIMING", "ZONE", "NEXT", "(UTC)", "LAST", "(UTC)", "PAUSED"]
    assert re.fullmatch(rf"nightly +report +0 2 \* \* \* +Europe/Berlin +{MOMENT} +– +–", nightly)
    assert re.fullmatch(rf"often +report +every 30 +UTC +{MOMENT} +– +paused", often)


def test_schedules_are_a_document(cli: Cli, scheduled: TaskQueue):
    """Every key, the task decoded."""
    nightly = cli.json("schedules")["items"][0]
    assert nightly.pop("next_at").endswith("+00:00")
    assert nightly == {
        "name": "nightly",
        "type": "report",
        "timing": "0 2 * * *",
        "timezone": "Europe/Berlin",
        "catch_up": "latest",
        "task": {"type": "report", "payload": '{"year":2024}'},
        "last_at": None,
        "paused": False,
    }


def test_where_none_are_it_is_said_whence_they_come(cli: Cli, queue: TaskQueue):
    """On stderr."""
    assert "@queue.cron" in cli("schedules").stderr


def test_a_schedule_is_paused_and_resumed(cli: Cli, scheduled: TaskQueue):
    """In words that say how to go on."""
    assert cli.lines("schedules", "--pause", "often") == [
        "often is paused; go on with: musterq schedules --resume often"
    ]
    assert [schedule.paused for schedule in scheduled.schedules()] == [False, True]
    assert cli.lines("schedules", "--resume", "often") == ["often is resumed"]
    assert cli.lines("schedules", "--resume", "often") == ["often was not paused"]


def test_a_schedule_is_removed(cli: Cli, scheduled: TaskQueue):
    """The others stay."""
    assert cli.json("schedules", "--remove", "often") == {"name": "often", "schedule": None}
    assert [schedule.name for schedule in scheduled.schedules()] == ["nightly"]


def test_a_schedule_is_triggered(cli: Cli, scheduled: TaskQueue):
    """Its task is there."""
    assert cli.lines("schedules", "--trigger", "nightly") == ["nightly is triggered: task 1 is in the queue"]
    (task,) = scheduled.find()
    assert task.payload == '{"year":2024}'


def test_a_change_answers_in_json(cli: Cli, scheduled: TaskQueue):
    """With the schedule as it is now."""
    assert cli.json("schedules", "--pause", "often")["schedule"]["paused"] is True


@pytest.mark.parametrize("action", ["--pause", "--resume", "--remove", "--trigger"])
def test_a_schedule_that_is_not_there_is_an_error(cli: Cli, scheduled: TaskQueue, action: str):
    """It names those that are."""
    assert "'nightly', 'often'" in cli.error("schedules", action, "other", code=1)


def test_two_changes_at_once_are_wrong_usage(cli: Cli, scheduled: TaskQueue):
    """Nothing is changed."""
    assert "one of --pause and --remove" in cli.error("schedules", "--pause", "often", "--remove", "often", code=2)
    assert len(scheduled.schedules()) == 2
