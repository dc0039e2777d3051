"""Tasks in child processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from musterq.errors import TaskFailedError, WorkerLoadError
from musterq.models import RetryPolicy
from musterq.queue.handles import Handle
from musterq.queue.task_queue import TaskQueue
from musterq.worker import WorkerEngine
from tests.worker import child_handlers
from tests.worker.waiting import LIMIT

PROGRAM = Path(__file__).with_name("child_program.py")
AT_ONCE = RetryPolicy(initial_seconds=0.0, jitter=0.0)


def drain(queue: TaskQueue, **options: Any) -> None:
    """Have a worker with one child do all that is to be done."""
    WorkerEngine(queue, burst=True, **{"executor": "processes", "concurrency": 1, **options}).run()


def put(queue: TaskQueue, type: str, payload: dict[str, Any] | None = None, **options: Any) -> Handle[Any]:
    return queue.enqueue(type, payload, retry=AT_ONCE, **options)


def test_tasks_run_in_one_child_after_the_other(queue: TaskQueue) -> None:
    """It is not this process, and it is not another one each time; coroutines may run there, too."""
    queue.task(child_handlers.pid)
    queue.task(executor="processes")(child_handlers.pid_later)
    handles = [put(queue, "pid"), put(queue, "pid"), put(queue, "pid_later"), put(queue, "pid")]
    drain(queue)
    (pid,) = {handle.wait(0) for handle in handles}
    assert pid != os.getpid()


def test_a_definition_says_where_it_runs(queue: TaskQueue) -> None:
    """Whatever the worker does with those that say nothing."""
    queue.task(type="here")(child_handlers.pid)
    queue.task(type="there", executor="processes")(child_handlers.pid)
    queue.task(type="in_a_thread", executor="threads")(child_handlers.pid)
    here, there, in_a_thread = put(queue, "here"), put(queue, "there"), put(queue, "in_a_thread")
    drain(queue, executor="threads")
    assert (here.wait(0) == os.getpid(), there.wait(0) == os.getpid()) == (True, False)
    again = put(queue, "here")
    drain(queue)
    assert (again.wait(0) == os.getpid(), in_a_thread.wait(0) == os.getpid()) == (False, True)


def test_a_child_handler_can_do_what_every_handler_can(queue: TaskQueue) -> None:
    """Arguments and results, its progress and its log, errors with their traceback, and `sys.exit` is one of these."""
    child_handlers.add_all(queue, max_attempts=1)
    double, tell = put(queue, "double", {"number": 21}), put(queue, "tell")
    fail, leave = put(queue, "fail", {"message": "no"}), put(queue, "sys_exit", {"code": 3})
    in_main_thread = put(queue, "in_main_thread")
    drain(queue)
    assert (double.wait(0), tell.wait(0), in_main_thread.wait(0)) == (42, 1, True)
    assert (tell.get().progress, tell.get().progress_message) == (0.5, "half of it")
    assert queue.database.execute("SELECT message FROM task_logs").fetchall()[0][0] == "here"
    assert fail.get().error_message == "ValueError: no"
    assert leave.get().error_message == "SystemExit: 3"
    trace = queue.database.execute("SELECT traceback FROM task_attempts WHERE task_id = ?", (fail.id,)).fetchone()[0]
    assert trace.splitlines()[1].startswith(f'  File "{child_handlers.__file__}"')


def test_what_a_handler_tells_logging_is_kept_with_its_task(queue: TaskQueue) -> None:
    """As it is from threads."""
    child_handlers.add_all(queue)
    handle = put(queue, "say", {"words": "halfway"})
    drain(queue)
    rows = queue.database.execute("SELECT task_id, level, message FROM task_logs").fetchall()
    assert [tuple(row) for row in rows] == [(handle.id, "INFO", "halfway")]


def test_a_payload_that_does_not_fit_is_refused_as_elsewhere(queue: TaskQueue) -> None:
    """With the words that the handler's parameters give."""
    queue.task(child_handlers.double)
    queue.database.initialize_schema()
    queue.database.execute("INSERT INTO task_queue (type, payload) VALUES ('double', '{\"nummer\": 1}')")
    drain(queue)
    (task,) = queue.find(status="failed")
    assert task.error_message is not None
    assert task.error_message.startswith("the payload does not fit the handler: 'double' takes (number")


def test_a_soft_limit_interrupts_a_sleep(queue: TaskQueue) -> None:
    """The handler runs in the main thread of its process, where a signal reaches it; the child lives on."""
    queue.task(child_handlers.pid)
    queue.task(timeout=0.2, max_attempts=1)(child_handlers.sleep)
    before, slow, after = put(queue, "pid"), put(queue, "sleep", {"seconds": 3600}), put(queue, "pid")
    drain(queue, strategy="fifo")
    assert slow.get().error_message == "TaskTimeout: not finished within its time limit of 0.2 s"
    assert before.wait(0) == after.wait(0)


def test_a_child_is_replaced_after_so_many_tasks(queue: TaskQueue) -> None:
    """Two each."""
    queue.task(child_handlers.pid)
    handles = [put(queue, "pid") for _ in range(5)]
    drain(queue, max_tasks_per_child=2, strategy="fifo")
    pids = [handle.wait(0) for handle in handles]
    assert [pids.index(pid) for pid in pids] == [0, 0, 2, 2, 4]


def test_a_child_is_replaced_when_it_has_taken_much_memory(queue: TaskQueue) -> None:
    """After the task that took it, which ends as it should."""
    child_handlers.add_all(queue)
    before = put(queue, "pid"), put(queue, "pid")
    large = put(queue, "eat_memory", {"mib": 150})
    after = put(queue, "pid")
    drain(queue, max_child_mib=150, strategy="fifo")
    assert large.wait(0) == 150 * 2**20
    assert before[0].wait(0) == before[1].wait(0) != after.wait(0)


def test_signals_to_all_processes_leave_the_child_to_its_worker(queue: TaskQueue) -> None:
    """But what a task starts meets them as usual."""
    child_handlers.add_all(queue)
    ignore, terminated = put(queue, "ignore_signals"), put(queue, "terminated_child")
    drain(queue)
    assert (ignore.wait(0) > 0, terminated.wait(0)) == (True, -15)


def test_no_child_is_started_before_it_is_needed(queue: TaskQueue) -> None:
    """Nor what starts it loaded, which takes memory."""
    code = "\n".join(
        [
            "import sys",
            "from musterq import TaskQueue, WorkerEngine",
            f"queue = TaskQueue({queue.database.location!r})",
            "queue.task(type='f')(lambda: None)",
            "queue.enqueue('f')",
            "WorkerEngine(queue, burst=True).run()",
            "sys.exit('musterq.worker.child_process' in sys.modules)",
        ]
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=LIMIT).returncode == 0


@pytest.mark.parametrize("options", [{"executor": "processes"}, {"hard_timeout": 5}])
def test_a_handler_that_no_child_can_find_is_refused_at_the_start(queue: TaskQueue, options: Any) -> None:
    """With its name, and what to do."""

    @queue.task(**options)
    def inner() -> None: ...

    with pytest.raises(WorkerLoadError, match=r"'inner': .*<locals>\.inner>.*define it as a function of a module"):
        WorkerEngine(queue)


def test_a_worker_of_processes_refuses_it_unless_it_leaves_the_type_out(queue: TaskQueue) -> None:
    """Only those types count that it takes, and only handlers that say nothing else."""
    queue.task(type="local")(lambda: None)
    queue.task(type="in_a_thread", executor="threads")(lambda: None)
    queue.task(child_handlers.pid)
    with pytest.raises(WorkerLoadError, match="'local'"):
        WorkerEngine(queue, executor="processes")
    handle = put(queue, "pid")
    drain(queue, types=["pid", "in_a_thread"])
    assert handle.wait(0) != os.getpid()


def test_a_hard_limit_that_cannot_be_kept_fails_the_task_with_the_reason(queue: TaskQueue) -> None:
    """It was given when the task was enqueued, so no worker could refuse at its start."""
    queue.task(type="local")(lambda: None)
    handle = queue.enqueue("local", hard_timeout=5)
    drain(queue, executor="threads")
    with pytest.raises(TaskFailedError, match="a child process cannot find the handler"):
        handle.wait(0)


def test_a_worker_of_coroutines_takes_nothing_else(queue: TaskQueue) -> None:
    """It refuses types that it was told to take, and leaves out those it was not."""
    queue.task(child_handlers.pid)
    queue.task(child_handlers.pid_later)
    with pytest.raises(WorkerLoadError, match="those of 'pid' are not"):
        WorkerEngine(queue, executor="asyncio", types=["pid", "pid_later"])
    plain, coroutine = put(queue, "pid"), put(queue, "pid_later")
    drain(queue, executor="asyncio")
    assert (plain.status(), coroutine.wait(0)) == ("queued", os.getpid())


def test_a_module_that_cannot_be_imported_again_is_told_and_charged_to_nobody(
    queue: TaskQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task has met an error, and its process has not died of it."""
    module = tmp_path / "only_once.py"
    module.write_text("def once(): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    import only_once  # type: ignore[import-not-found]  # written above

    queue.task(max_attempts=1)(only_once.once)
    module.write_text("raise OSError('the licence server is down')\n")
    handle = put(queue, "once")
    drain(queue)
    task = handle.get()
    assert (task.status, task.crashes) == ("failed", 0)
    assert task.error_message is not None
    assert "its handler cannot be found in a child process: OSError: the licence server is down" in task.error_message


@pytest.mark.parametrize("command", [[str(PROGRAM)], ["-m", "tests.worker.child_program"]])
def test_a_program_that_defines_and_works_in_one_file_runs(queue: TaskQueue, command: list[str]) -> None:
    """By its path and as a module: a child loads it under another name than ``__main__``."""
    handle = queue.enqueue("whose_child")
    arguments = [sys.executable, *command, queue.database.location]
    subprocess.run(arguments, check=True, timeout=LIMIT, cwd=PROGRAM.parents[2])
    name, parent_name = handle.wait(0)
    assert name in ("__mp_main__", "tests.worker.child_program")
    assert parent_name == queue.database.location


def test_a_child_is_set_up_once_after_the_module_of_its_handler(queue: TaskQueue) -> None:
    """So what the module does itself comes first, as it does in the program."""
    queue.task(child_handlers.set_ups)
    handles = [put(queue, "set_ups"), put(queue, "set_ups")]
    drain(queue, child_setup=child_handlers.set_up)
    assert [handle.wait(0) for handle in handles] == [["module", "set up"], ["module", "set up"]]


def test_a_child_that_cannot_be_set_up_fails_the_attempt(queue: TaskQueue) -> None:
    """Which says why."""
    queue.task(max_attempts=1)(child_handlers.pid)
    handle = put(queue, "pid")
    drain(queue, child_setup=child_handlers.no_set_up)
    with pytest.raises(TaskFailedError, match="its child process cannot be prepared: OSError: no such collector"):
        handle.wait(0)


@pytest.mark.parametrize(
    ("setup", "error", "words"),
    [
        (lambda: None, ValueError, "cannot be sent to a child process .*; give a function of a module"),
        ("logging", TypeError, "child_setup='logging' cannot be called; give a function of a module"),
    ],
)
def test_what_no_child_could_call_is_refused(queue: TaskQueue, setup: Any, error: type[Exception], words: str) -> None:
    """Before the worker starts."""
    queue.task(child_handlers.pid)
    with pytest.raises(error, match=words):
        WorkerEngine(queue, child_setup=setup)
