"""Child processes that die, that are killed, and what becomes of their tasks and of their worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from musterq.models import Crash, RetryPolicy, TaskStatus
from musterq.queue.handles import Handle
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine
from musterq.worker.child_messages import Death, Job, Setup
from musterq.worker.child_process import ChildProcess
from musterq.worker.locating import Address
from tests.worker import child_handlers
from tests.worker.claims import claim
from tests.worker.waiting import LIMIT, Record, until, working

PROGRAM = Path(__file__).with_name("child_program.py")
AT_ONCE = RetryPolicy(initial_seconds=0.0, jitter=0.0)


@pytest.fixture(autouse=True)
def _handlers(queue: TaskQueue) -> None:
    child_handlers.add_all(queue)


def worker(queue: TaskQueue, **options: Any) -> WorkerEngine:
    """One that runs one task after the other, in a child process, until nothing is left."""
    usual = {"executor": "processes", "concurrency": 1, "burst": True, "worker_id": "w1"}
    return WorkerEngine(queue, **{**usual, **options})


def put(queue: TaskQueue, type: str, payload: dict[str, Any] | None = None, **options: Any) -> Handle[Any]:
    return queue.enqueue(type, payload, retry=AT_ONCE, **options)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(") ", 1)[1].startswith("Z")  # dead, and waited for by nobody yet


def child_of(handle: Handle[Any]) -> int:
    """The process that runs a task, once that has begun."""
    return int(until(lambda: handle.get().progress_message))


# -- deaths of its own -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("type", "payload", "words"),
    [
        ("leave", {"code": 3}, "exited with code 3"),
        ("leave", {"code": 0}, "exited with code 0"),
        ("kill_itself", {}, "was killed by SIGKILL"),
        ("fork_and_leave", {"code": 4}, "exited with code 4"),
    ],
)
def test_a_child_that_dies_is_its_task_s_crash_and_its_worker_lives(
    queue: TaskQueue, record: Record, type: str, payload: dict[str, Any], words: str
) -> None:
    """The task is failed when its budget is used up, with what is known; those before and after are not charged."""
    before = put(queue, "pid")
    deadly = put(queue, type, payload, max_crashes=2)
    after = put(queue, "pid")
    worker(queue).run()
    assert before.wait(0) != os.getpid() != after.wait(0)
    task = deadly.get()
    assert (task.status, task.crashes, task.attempts) == ("failed", 2, 0)
    assert task.error_message is not None
    assert task.error_message.startswith(f"worker lost: its process died 2 times; the last one {words}")
    assert task.error_message.endswith(", on worker w1")
    crashes = record.named("task.crashed")
    assert [(fact["task_id"], fact["status"]) for fact in crashes] == [(deadly.id, "queued"), (deadly.id, "failed")]
    assert [handle.get().crashes for handle in (before, after)] == [0, 0]


def test_the_memory_that_a_killed_child_had_is_told(queue: TaskQueue) -> None:
    """As the kernel kills who takes too much: the figure says why.

    In a worker of its own: what a child had is told where it is more than its worker had, which this process may have.
    """
    put(queue, "take_memory", {"mib": 300}, max_crashes=1)
    subprocess.run([sys.executable, str(PROGRAM), queue.database.location], timeout=LIMIT, check=True)
    row = queue.database.execute("SELECT outcome, signal, exit_code, peak_bytes FROM task_attempts").fetchone()
    assert tuple(row)[:3] == ("lost", signal.SIGKILL, None)
    assert 300 * 2**20 < row["peak_bytes"] < 500 * 2**20


def test_what_a_task_has_started_goes_with_its_child(queue: TaskQueue) -> None:
    """Else two of it might be at work when the task runs again."""
    handle = put(queue, "fork_and_leave", {"code": 1}, max_crashes=1)
    worker(queue).run()
    assert is_gone(child_of(handle))


# -- suspects ----------------------------------------------------------------------------------------
def as_suspect(queue: TaskQueue, handle: Handle[Any]) -> None:
    """As if its worker's process had died while it ran."""
    queue.database.execute("UPDATE task_queue SET suspect = 1, crashes = 1 WHERE id = ?", (handle.id,))


def test_a_suspect_runs_alone_in_a_child_of_its_own_and_is_cleared(queue: TaskQueue) -> None:
    """In a worker of threads, too; its next attempts run among others again."""
    before, suspect, after = put(queue, "pid"), put(queue, "pid"), put(queue, "pid")
    as_suspect(queue, suspect)
    worker(queue, executor="threads").run()
    assert [handle.wait(0) == os.getpid() for handle in (before, suspect, after)] == [True, False, True]
    retried = put(queue, "fail", {"message": "an error like others"}, max_attempts=2)
    as_suspect(queue, retried)
    worker(queue, executor="threads").run()
    assert (retried.status(), retried.get().suspect, retried.get().crashes) == ("failed", False, 1)


def test_a_child_of_a_suspect_runs_nothing_else(queue: TaskQueue) -> None:
    """Neither before nor after it; the child of the others goes on."""
    handles = [put(queue, "pid") for _ in range(4)]
    as_suspect(queue, handles[1])
    as_suspect(queue, handles[2])
    worker(queue, strategy="fifo").run()
    pids = [handle.wait(0) for handle in handles]
    assert pids[0] == pids[3]
    assert len(set(pids)) == 3


def test_the_guilty_one_kills_nobody_else(queue: TaskQueue, tmp_path: Path) -> None:
    """It dies alone until its budget is used up; a task that only once was unlucky is done."""
    guilty = put(queue, "kill_itself")
    unlucky = put(queue, "kill_itself_once", {"mark": str(tmp_path / "mark")})
    others = [put(queue, "pid") for _ in range(10)]
    for handle in (guilty, unlucky):
        as_suspect(queue, handle)
    worker(queue, executor="threads", concurrency=4).run()
    assert (guilty.status(), guilty.get().crashes) == ("failed", 3)
    assert (unlucky.wait(0) != os.getpid(), unlucky.get().crashes) == (True, 2)
    assert {handle.wait(0) for handle in others} == {os.getpid()}


def test_a_suspect_whose_handler_no_child_can_find_runs_in_a_thread_and_that_is_told(
    queue: TaskQueue, record: Record
) -> None:
    """There is no other way to find out."""
    queue.task(type="local")(child_handlers.nested())
    handle = put(queue, "local")
    as_suspect(queue, handle)
    worker(queue, executor="threads").run()
    assert handle.wait(0) == os.getpid()
    assert [fact["task_id"] for fact in record.named("suspect.unguarded")] == [handle.id]


# -- limits ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_a_hard_limit_kills_the_child_and_fails_the_attempt(queue: TaskQueue, executor: str) -> None:
    """That is an error like others, and no crash: it is tried again as its attempts allow."""
    handle = put(queue, "spin", hard_timeout=0.3, max_attempts=2)
    worker(queue, executor=executor).run()
    task = handle.get()
    assert (task.status, task.attempts, task.crashes) == ("failed", 2, 0)
    assert task.error_message == "TaskTimeout: killed at its hard time limit of 0.3 s"
    assert is_gone(child_of(handle))


def test_a_hard_limit_does_not_count_the_start_of_a_child(queue: TaskQueue) -> None:
    """Which takes longer than this; the handler begins afterwards."""
    handle = put(queue, "pid", hard_timeout=0.05, max_attempts=1)
    worker(queue, executor="threads").run()
    assert handle.wait(0) != os.getpid()


# -- the end of the worker ---------------------------------------------------------------------------
def test_what_a_child_runs_when_its_worker_stops_is_killed_and_given_back(queue: TaskQueue) -> None:
    """After the grace time; no attempt is used, and nothing runs any more when somebody else may take the task."""
    handle = put(queue, "spin")
    with working(worker(queue, burst=False, grace_seconds=0.1)):
        pid = child_of(handle)
    task = handle.get()
    assert (task.status, task.attempts, task.crashes) == ("queued", 0, 0)
    assert is_gone(pid)


def test_a_worker_that_stops_waits_for_its_children(queue: TaskQueue) -> None:
    """Within the grace time they finish, and then end themselves."""
    handle = put(queue, "sleep", {"seconds": 0.5})
    with working(worker(queue, burst=False)):
        pid = child_of(handle)
    assert handle.wait(0) == pid
    assert is_gone(pid)


def test_a_task_that_was_taken_back_is_killed(queue: TaskQueue, record: Record) -> None:
    """Somebody else may run it, so it must not go on here; the child that ran it is replaced."""
    handle = put(queue, "spin")
    with working(worker(queue, burst=False)):
        pid = child_of(handle)
        queue.database.execute("UPDATE task_queue SET status = 'failed', claim_token = NULL WHERE id = ?", (handle.id,))
        until(lambda: is_gone(pid))
        after = put(queue, "pid")
        assert after.wait(LIMIT) != pid
    assert record.named("task.crashed") == []


@pytest.fixture
def process(queue: TaskQueue) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process with two children."""
    options = ["concurrency=2", 'worker_id="w1"']
    with subprocess.Popen([sys.executable, str(PROGRAM), queue.database.location, *options]) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT])
def test_children_die_with_their_worker(
    queue: TaskQueue, process: subprocess.Popen[bytes], number: signal.Signals
) -> None:
    """Within a second, whatever they do: else a task would run twice."""
    handles = [queue.enqueue("spin"), queue.enqueue("sleep", {"seconds": 3600})]
    pids = [child_of(handle) for handle in handles]
    assert not any(is_gone(pid) for pid in pids)
    process.send_signal(number)
    process.wait(LIMIT)
    until(lambda: all(is_gone(pid) for pid in pids), limit=1.0)
    queue.storage.rescue_expired()
    assert [(handle.status(), handle.get().crashes) for handle in handles] == [("queued", 1)] * 2


def test_nothing_is_taken_from_a_dead_worker_while_a_child_of_it_lives(
    queue: TaskQueue, process: subprocess.Popen[bytes]
) -> None:
    """A child that does not notice at once may still be at work on the task, which must not begin elsewhere before."""
    handle = queue.enqueue("outlive_the_worker")
    pid = child_of(handle)
    process.kill()
    process.wait(LIMIT)
    queue.storage.rescue_expired()
    assert (is_gone(pid), handle.status()) == (False, "processing")
    os.kill(pid, signal.SIGKILL)
    until(lambda: queue.storage.rescue_expired().queued == (handle.id,), limit=1.0)
    assert is_gone(pid)


def test_what_a_task_has_forked_does_not_keep_its_worker_alive(
    queue: TaskQueue, process: subprocess.Popen[bytes]
) -> None:
    """Only the child itself counts."""
    handle = queue.enqueue("fork_and_sleep")
    left = child_of(handle)
    try:
        process.kill()
        process.wait(LIMIT)
        until(lambda: queue.storage.rescue_expired().queued == (handle.id,), limit=1.0)
        assert not is_gone(left)
    finally:
        os.kill(left, signal.SIGKILL)


def test_a_child_that_dies_hinders_no_other(queue: TaskQueue) -> None:
    """Each thread of the worker has its own."""
    threads_before = threading.active_count()
    spinning = put(queue, "spin", max_crashes=1)
    with working(worker(queue, burst=False, concurrency=2)):
        pid = child_of(spinning)
        deadly = put(queue, "leave", {"code": 1}, max_crashes=1)
        others = [put(queue, "pid") for _ in range(3)]
        assert len({handle.wait(LIMIT) for handle in others}) <= 2
        assert deadly.status() is TaskStatus.FAILED
        os.kill(pid, signal.SIGKILL)
        until(lambda: spinning.get().crashes)
    until(lambda: threading.active_count() <= threads_before)


def test_the_time_of_an_attempt_that_crashed_is_that_of_its_handler(queue: TaskQueue) -> None:
    """From about when it began to when its death was noticed."""
    began = time.time()
    put(queue, "leave", {"code": 1}, max_crashes=1)
    worker(queue).run()
    (entry,) = queue.storage.ledger(10)
    assert entry.lost_seconds is not None
    assert 0 <= entry.lost_seconds <= time.time() - began


# -- what is not the task's fault --------------------------------------------------------------------
def test_a_child_that_died_while_it_had_nothing_to_do_is_replaced(queue: TaskQueue) -> None:
    """The next task costs that nothing: it has not even begun."""
    with working(worker(queue, burst=False)):
        pid = put(queue, "pid").wait(LIMIT)
        os.kill(pid, signal.SIGKILL)
        until(lambda: is_gone(pid))
        after = put(queue, "pid", max_attempts=1)
        assert after.wait(LIMIT) != pid
    assert (after.get().attempts, after.get().crashes) == (1, 0)


@pytest.mark.parametrize(
    ("interpreter", "words"),
    [
        ("/no/such/python", "its child process cannot be started: "),
        ("/bin/false", "its child process, which was to import the handler, exited with code 1"),
    ],
)
def test_a_child_that_cannot_start_is_an_error_and_no_crash(
    queue: TaskQueue, monkeypatch: pytest.MonkeyPatch, interpreter: str, words: str
) -> None:
    """A broken installation must not use up what tasks may crash; once it is mended, they run."""
    handle = put(queue, "pid", max_attempts=2)
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", interpreter)
        worker(queue).run()
    task = handle.get()
    assert (task.status, task.attempts, task.crashes) == ("failed", 2, 0)
    assert task.error_message is not None
    assert task.error_message.startswith(f"the worker could not run it: {words}")
    queue.retry(handle.id)
    worker(queue).run()
    assert handle.wait(0) != os.getpid()


def test_a_child_that_somebody_else_has_waited_for_is_dead_all_the_same(queue: TaskQueue) -> None:
    """How it died is not known then: a program that waits for any process has been told."""
    opening = queue.storage.opening
    child = ChildProcess(Setup(worker_id="w1", arguments=[], opening=opening, task_log_level="info"))
    os.kill(child.pid, signal.SIGKILL)
    os.waitpid(child.pid, 0)
    address = Address(module=child_handlers.__name__, name="pid")
    death = child.run(Job(address=address, claim=claim(), max_result_bytes=1000), None)
    assert death == Death(crash=Crash(), begun=False, over_time=False)
    child.kill()  # and nobody who may have its number now
    child.close()
