"""``musterq supervise``: real workers, really killed."""

from __future__ import annotations

import json
import os
import signal

import pytest

from tests.cli.project import PROJECT, Project
from tests.worker.waiting import until


def is_alive(pid: int | None) -> bool:
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_runs_as_many_as_it_is_told_and_ends_them_in_order(project: Project) -> None:
    """What they run is finished, what they held is nobody's, and a document says what there was."""
    running = project.start("supervise", "-n", "2", "tasks:queue", "--concurrency", "1", "--json")
    running.says("its workers are at work")
    handles = [project.begin_to_hold() for _ in range(2)]
    assert len(project.pids()) == 2
    running.signal(signal.SIGTERM)
    running.says("claims nothing more", times=2)
    project.go()
    assert running.code() == 0
    assert {handle.status() for handle in handles} == {"completed"}
    assert project.queue.storage.workers() == []
    assert json.loads(running.stdout()) == {"database": project.queue.database.location, "started": 2, "died": 0}


def test_one_that_dies_is_replaced_and_the_ledger_says_how_it_died(project: Project) -> None:
    """Soon, with a line that says it; the task that killed it does not circle."""
    running = project.start("supervise", "-n", "1", "tasks:queue", "--worker-id", "w")
    deadly = project.queue.enqueue("die")
    told = running.says("was killed by SIGKILL (peak memory ")
    assert "w-1" in told
    assert "and starts again in 0.1 s" in told
    after = project.queue.enqueue("version")
    assert after.wait(30) == 1
    until(lambda: deadly.status() == "failed")
    entry = until(lambda: [entry for entry in project.queue.storage.ledger(10) if entry.reason == "lock free"])[0]
    assert (entry.task_id, entry.worker_id) == (deadly.id, "w-1")
    assert "SIGKILL" in entry.detail
    assert "MiB" in entry.detail


def test_sighup_replaces_every_worker_and_there_is_always_one(project: Project) -> None:
    """The new code runs, and between the two at least one worker was at work at every look."""
    running = project.start("supervise", "-n", "1", "tasks:queue")
    running.says("its workers are at work")
    old = project.pids()
    project.write(PROJECT.replace("return 1", "return 2"))
    running.signal(signal.SIGHUP)
    numbers = []

    def is_new() -> bool:
        numbers.append(len(project.pids()))
        return len(project.pids() - old) == 1 and not project.pids() & old

    until(is_new)
    running.says("every worker runs the new code")
    assert min(numbers) >= 1
    assert project.queue.enqueue("version").wait(30) == 2


def test_code_that_cannot_start_replaces_nobody(project: Project) -> None:
    """The old workers stay, and a line says why."""
    running = project.start("supervise", "-n", "1", "tasks:queue")
    running.says("its workers are at work")
    old = project.pids()
    project.write("1 / 0")
    running.signal(signal.SIGHUP)
    told = running.says("the old code goes on")
    assert told.strip().endswith("the new code cannot start: its check ended with exit code 2; the old code goes on")
    running.says("ZeroDivisionError")
    assert project.pids() == old
    assert project.queue.enqueue("version").wait(30) == 1


def test_it_scales_from_zero_with_what_waits_and_back(project: Project) -> None:
    """One worker shows that the code starts and goes; then as many as there is work for; then none."""
    running = project.start("supervise", "--min", "0", "-n", "2", "--idle", "0.2", "tasks:queue", "-c", "1")
    running.says("exited with code 0")
    assert project.queue.storage.workers() == []
    handles = project.queue.enqueue_many([{"type": "hold"}] * 3)
    until(lambda: len(project.pids()) == 2)
    running.says("started on", times=3)
    project.go()
    running.says("exited with code 0", times=3)
    assert [handle.status() for handle in handles] == ["completed"] * 3
    assert project.queue.storage.workers() == []


def test_workers_of_a_killed_supervisor_end_in_order(project: Project) -> None:
    """They finish what they run, and claim nothing more."""
    running = project.start("supervise", "-n", "1", "tasks:queue", "-c", "1")
    handle = project.begin_to_hold()
    (worker,) = project.pids()
    late = project.queue.enqueue("version")
    running.process.kill()
    running.says("claims nothing more")
    project.go()
    until(lambda: not project.queue.storage.workers())
    assert (handle.status(), late.status()) == ("completed", "queued")
    until(lambda: not is_alive(worker))


def test_a_second_signal_gives_back_what_runs(project: Project) -> None:
    """And what does not end even so is killed, a little later."""
    running = project.start("supervise", "-n", "1", "tasks:queue")
    handle = project.begin_to_hold()
    running.signal(signal.SIGINT)
    running.says("claims nothing more")
    running.signal(signal.SIGINT)
    assert running.code() == 0
    assert (handle.status(), handle.get().attempts, project.queue.storage.workers()) == ("queued", 0, [])


def test_who_asks_all_processes_at_once_asks_for_one_stop(project: Project) -> None:
    """As a service manager does that signals every process of a service: nothing is given back at once."""
    running = project.start("supervise", "-n", "1", "tasks:queue")
    handle = project.begin_to_hold()
    (worker,) = project.pids()
    assert worker is not None
    os.kill(worker, signal.SIGTERM)
    running.says("claims nothing more")
    running.signal(signal.SIGTERM)
    running.says("stops its workers")
    project.go()
    assert running.code() == 0
    assert (handle.status(), handle.get().attempts) == ("completed", 1)


def test_a_worker_that_will_not_go_is_killed(project: Project) -> None:
    """A stopped process hears nothing; a supervisor that ends leaves nothing behind."""
    running = project.start("supervise", "-n", "1", "tasks:queue", "--grace", "0")
    running.says("its workers are at work")
    (worker,) = project.pids()
    assert worker is not None
    os.kill(worker, signal.SIGSTOP)
    running.signal(signal.SIGTERM)
    running.says("did not end in its grace time and is killed")
    assert running.code() == 0
    assert not is_alive(worker)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-n", "1", "nowhere:queue"], "nowhere"),
        (["-n", "1", "tasks:queue", "--concurrency", "none"], "--concurrency"),
        (["-n", "1", "tasks:queue", "--surprise"], "--surprise"),
        (["-n", "1", "tasks:queue", "--burst"], "--min 0"),
        (["-n", "1", "tasks:queue", "--reload"], "musterq worker --reload"),
        (["-n", "1", "--min", "2", "tasks:queue"], "--min 2 is more than -n 1"),
        (["-n", "0", "tasks:queue"], "-n"),
        (["-n", "1", "tasks:queue", "--worker-id", "w" * 254], "worker_id"),
    ],
)
def test_what_cannot_work_ends_it_before_it_starts(project: Project, arguments: list[str], words: str) -> None:
    """Said once; wrong usage, so that nobody restarts it."""
    running = project.start("supervise", *arguments)
    assert running.code() == 2
    assert words in "".join(running.lines)
