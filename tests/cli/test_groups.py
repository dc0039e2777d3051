"""``musterq group``, and what the other commands say of tasks that follow others."""

from __future__ import annotations

import pytest

from musterq import GroupHandle, TaskQueue
from tests.cli.running import Cli


@pytest.fixture
def group(queue: TaskQueue) -> GroupHandle:
    """Three parts, one of them completed, and what follows them."""
    group = queue.group(*[queue.part("part")] * 3, then=queue.part("last"))
    (claim,) = queue.claim("worker-01")
    queue.complete(claim)
    return group


def test_a_group_shows_how_far_it_is(cli: Cli, group: GroupHandle):
    """Its parts by status, and the share that has finished."""
    assert [line.split() for line in cli.lines("group", group.id)] == [
        ["parts", "3"],
        ["queued", "2"],
        ["completed", "1"],
        ["done", "33.3", "%"],
    ]


def test_a_group_is_a_document_too(cli: Cli, group: GroupHandle):
    """For programs."""
    document = cli.json("group", group.id)
    assert document == {
        "group_id": group.id,
        "total": 3,
        "by_status": {"completed": 1, "queued": 2},
        "done": pytest.approx(1 / 3),
    }


def test_a_group_that_is_not_there_is_said_to_be_so(cli: Cli, queue: TaskQueue):
    """With how to find one."""
    assert "there is no group 4711; musterq task shows" in cli.error("group", 4711, code=1)


def test_a_task_shows_its_place(cli: Cli, group: GroupHandle):
    """Its group and what follows; of what waits, for how many, and no moment that never comes."""
    assert group.then is not None
    part = {tuple(line.split()) for line in cli.lines("task", group.id)}
    last = {tuple(line.split()) for line in cli.lines("task", group.then.id)}
    assert {("group", "id", str(group.id)), ("next", "id", str(group.then.id))} <= part
    assert ("awaits", "2") in last
    assert not any("9999" in word for line in last for word in line)


def test_a_list_says_what_waits_for_others(cli: Cli, queue: TaskQueue, group: GroupHandle):
    """In the place of when it is due."""
    assert cli.lines("tasks", "--type", "last")[1].endswith("waits for 2 tasks")
    queue.chain(queue.part("one"), queue.part("two"))
    assert cli.lines("tasks", "--type", "two")[1].endswith("waits for 1 task")


def test_a_retry_of_what_waits_for_a_failure_says_what_to_retry(cli: Cli, queue: TaskQueue, group: GroupHandle):
    """It comes back with what failed."""
    assert group.then is not None
    (claim,) = queue.claim("worker-01")
    queue.fail(claim, "broken", retry=False)
    words = cli.error("retry", group.then.id, code=1)
    assert words.endswith("waits for tasks that failed or were cancelled; retry these, and it comes back by itself")
    assert cli("retry", claim.task_id).exit_code == 0
    assert group.then.status() == "scheduled"
