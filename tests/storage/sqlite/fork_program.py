"""A process that forks while it uses a queue: fork_program.py DATABASE STORY.

Each story is a function below; the process ends with 0 when the story went as it must, as seen from inside.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable

from musterq.errors import QueueDatabaseError
from musterq.models import NewTask
from musterq.storage.sqlite.engine import SQLiteStorage

TASKS = 100
FORKS = 15


def put(storage: SQLiteStorage, text: str) -> None:
    storage.enqueue([NewTask(type="t", payload=f'"{text}"')])


def put_many(storage: SQLiteStorage, name: str, tasks: int = TASKS) -> None:
    for n in range(tasks):
        put(storage, f"{name}-{n}")


def put_in_another_process(path: str, name: str) -> None:
    put_many(SQLiteStorage(path), name)


def child(work: Callable[[], None]) -> int:
    """Fork; the child runs ``work`` and ends."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        work()
        status = 0
    except BaseException:  # noqa: BLE001 - a child must end here, whatever happened
        traceback.print_exc()
    os._exit(status)


def wait_for(*pids: int) -> None:
    for pid in pids:
        _, status = os.waitpid(pid, 0)
        assert status == 0, f"a child ended with {status}"


def use_every_connection(storage: SQLiteStorage) -> None:
    """Let the writer, a reader and this thread's own connection be open."""
    put(storage, f"first-{os.getpid()}")
    storage.task_counts()
    storage.execute("SELECT count(*) FROM task_queue").fetchone()


def both_write(storage: SQLiteStorage) -> None:
    use_every_connection(storage)
    pid = child(lambda: put_many(storage, "child"))
    put_many(storage, "parent")
    wait_for(pid)


def the_parent_closes_while_the_child_writes(storage: SQLiteStorage) -> None:
    """Who closes last removes the log: the parent must not take itself for the last one."""
    use_every_connection(storage)
    closed_read, closed_write = os.pipe()
    open_read, open_write = os.pipe()

    def work() -> None:
        put(storage, "child-open")
        os.write(open_write, b"x")
        os.read(closed_read, 1)
        put_many(storage, "child")

    pid = child(work)
    os.read(open_read, 1)
    storage.close()
    other = SQLiteStorage(storage.location)
    put(other, "other")
    os.write(closed_write, b"x")
    put_many(other, "parent")
    wait_for(pid)
    put(other, "last")


def a_child_of_a_child_writes(storage: SQLiteStorage) -> None:
    use_every_connection(storage)

    def work() -> None:
        use_every_connection(storage)
        pid = child(lambda: put_many(storage, "grandchild"))
        put_many(storage, "child")
        wait_for(pid)

    pid = child(work)
    put_many(storage, "parent")
    wait_for(pid)


def other_threads_are_writing(storage: SQLiteStorage) -> None:
    stop = threading.Event()

    def write(number: int) -> None:
        n = 0
        while not stop.is_set():
            put(storage, f"thread-{number}-{n}")
            storage.task_counts()
            n += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for number in range(FORKS):
        wait_for(child(lambda number=number: put_many(storage, f"child-{number}", 5)))  # type: ignore[misc]
    stop.set()
    for thread in threads:
        thread.join()


def the_program_holds_its_own_connection(storage: SQLiteStorage) -> None:
    connection = storage.connection()
    connection.execute("PRAGMA busy_timeout = 30000")
    connection.execute("PRAGMA busy_timeout = 30000")
    connection.execute("SELECT count(*) FROM task_queue").fetchone()
    pid = child(lambda: put_many(storage, "child"))
    connection.execute("INSERT INTO task_queue (type, payload) VALUES ('t', '\"held\"')")
    put_many(storage, "parent")
    wait_for(pid)


def in_a_transaction(storage: SQLiteStorage) -> None:
    """The child cannot write, and is told why at once; the parent's transaction goes on."""
    put(storage, "first")

    def work() -> None:
        begun = time.monotonic()
        try:
            put(storage, "child")
        except QueueDatabaseError as error:
            assert "forked within a transaction" in str(error)  # noqa: PT017
            assert time.monotonic() - begun < 1
            return
        raise AssertionError

    with storage.transaction() as transaction:
        transaction.execute("INSERT INTO task_queue (type, payload) VALUES ('t', '\"inside\"')")
        wait_for(child(work))
        transaction.execute("INSERT INTO task_queue (type, payload) VALUES ('t', '\"inside too\"')")


def it_is_closed(storage: SQLiteStorage) -> None:
    """A child opens the file anew."""
    use_every_connection(storage)
    storage.close()
    wait_for(child(lambda: put_many(SQLiteStorage(storage.location), "child")))


def _multiprocessing(storage: SQLiteStorage, method: str) -> None:
    use_every_connection(storage)
    context = multiprocessing.get_context(method)
    processes = [
        context.Process(  # type: ignore[attr-defined]
            target=put_in_another_process, args=(storage.location, f"{method}-{n}")
        )
        for n in range(2)
    ]
    for process in processes:
        process.start()
    put_many(storage, "parent")
    for process in processes:
        process.join()
        assert process.exitcode == 0


def multiprocessing_fork(storage: SQLiteStorage) -> None:
    _multiprocessing(storage, "fork")


def multiprocessing_spawn(storage: SQLiteStorage) -> None:
    _multiprocessing(storage, "spawn")


if __name__ == "__main__":
    globals()[sys.argv[2]](SQLiteStorage(sys.argv[1]))
