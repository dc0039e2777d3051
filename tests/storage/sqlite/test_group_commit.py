"""Threads of one process commit together: each gets its own result or its own error, whatever happens to the others."""

from __future__ import annotations

import itertools
import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from musterq.errors import QueueBusyError, QueueDatabaseError
from musterq.models import NewTask, TaskFilter
from musterq.storage.sqlite import writer as writer_module
from musterq.storage.sqlite.connection import Connection, StandardDriver
from musterq.storage.sqlite.engine import SQLiteStorage
from musterq.storage.sqlite.gate import WriteGate
from musterq.storage.sqlite.writer import Writer
from tests.storage.making import put
from tests.storage.sqlite.soundness import check_soundness

THREADS = 32
TASKS_PER_THREAD = 25
INTERRUPTIONS = 150
PROGRAM = Path(__file__).with_name("interrupted_program.py")


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SQLiteStorage]:
    storage = SQLiteStorage(str(tmp_path / "queue.db"))
    storage.initialize_schema()
    yield storage
    check_soundness(storage.location)
    storage.close()


def in_threads(work: Callable[[int], Any], threads: int = THREADS) -> list[Future[Any]]:
    """Run it in threads that begin together."""
    start = threading.Barrier(threads)

    def run(number: int) -> Any:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return [pool.submit(run, number) for number in range(threads)]


def tasks_of(path: str) -> Counter[str]:
    """How often each payload is in the queue."""
    connection = sqlite3.connect(path)
    found = Counter(payload for (payload,) in connection.execute("SELECT payload FROM task_queue"))
    connection.close()
    return found


def test_every_thread_gets_its_own_ids(storage: SQLiteStorage) -> None:
    """All are written once, and each id is that of the thread's own task."""

    def enqueue(number: int) -> list[tuple[int, str]]:
        texts = [json.dumps(f"{number}-{n}") for n in range(TASKS_PER_THREAD)]
        return [(put(storage, payload=text), text) for text in texts]

    said = dict(pair for future in in_threads(enqueue) for pair in future.result())
    there = {task.id: task.payload for task in storage.find(TaskFilter(limit=10_000))}
    assert said == there
    assert len(there) == THREADS * TASKS_PER_THREAD


def test_a_row_that_the_database_refuses_fails_alone(storage: SQLiteStorage) -> None:
    """An application's trigger refuses one type: only who enqueues that gets the error."""
    storage.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON task_queue WHEN NEW.type = 'bad' "
        "BEGIN SELECT raise(ABORT, 'no such thing here'); END"
    )

    def enqueue(number: int) -> None:
        for _ in range(TASKS_PER_THREAD):
            put(storage, "bad" if number % 8 == 0 else "good")

    futures = in_threads(enqueue)
    for number, future in enumerate(futures):
        error = future.exception()
        if number % 8 == 0:
            assert isinstance(error, QueueDatabaseError)
            assert "no such thing here" in str(error)
        else:
            assert error is None
    assert [row[0] for row in storage.execute("SELECT DISTINCT type FROM task_queue").fetchall()] == ["good"]
    assert len(storage.find(TaskFilter(limit=10_000))) == (THREADS - THREADS // 8) * TASKS_PER_THREAD


def test_an_exception_of_any_kind_fails_alone(storage: SQLiteStorage) -> None:
    """A value that the driver cannot bind is an OverflowError of its thread, not of its neighbours."""
    outcomes = in_threads(lambda number: put(storage, priority=2**70 if number == 5 else 100))
    assert [type(future.exception()) for future in outcomes if future.exception()] == [OverflowError]
    assert len(storage.find(TaskFilter(limit=100))) == THREADS - 1


def test_a_lock_that_somebody_holds_is_a_busy_error_for_all_in_time(tmp_path: Path) -> None:
    """After busy_timeout, not after busy_timeout for each of them; and nothing is written."""
    storage = SQLiteStorage(str(tmp_path / "queue.db"), busy_timeout=0.2)
    storage.initialize_schema()
    holder = sqlite3.connect(storage.location, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()
    futures = in_threads(lambda number: put(storage))
    took = time.monotonic() - begun
    errors = [future.exception() for future in futures]
    assert {type(error) for error in errors} == {QueueBusyError}
    assert len({id(error) for error in errors}) == THREADS
    assert 0.2 <= took < 2.0  # THREADS * 0.2 would be 6.4
    holder.execute("ROLLBACK")
    assert storage.find(TaskFilter()) == []
    put(storage)
    holder.close()
    storage.close()


def test_closing_while_threads_write(tmp_path: Path) -> None:
    """Every call ends; what was acknowledged is there, what was refused is not, and afterwards all are refused."""
    for round_number in range(5):
        storage = SQLiteStorage(str(tmp_path / f"{round_number}.db"))
        storage.initialize_schema()
        written = threading.Semaphore(0)

        def enqueue(
            number: int, storage: SQLiteStorage = storage, written: threading.Semaphore = written
        ) -> tuple[list[str], str]:
            acknowledged: list[str] = []
            for n in itertools.count():
                text = json.dumps(f"{number}-{n}")
                try:
                    put(storage, payload=text)
                except QueueDatabaseError as error:
                    return acknowledged, str(error)
                acknowledged.append(text)
                written.release()
            raise AssertionError

        with ThreadPoolExecutor(8) as pool:
            futures = [pool.submit(enqueue, number) for number in range(8)]
            for _ in range(50):
                written.acquire()
            storage.close()
        assert all("closed" in future.result()[1] for future in futures)
        acknowledged = [text for future in futures for text in future.result()[0]]
        assert tasks_of(storage.location) == Counter(acknowledged)
        check_soundness(storage.location)


def test_closing_while_threads_are_in_transactions_and_read(tmp_path: Path) -> None:
    """A block that is open goes on to its end and commits; what comes after it is refused."""
    storage = SQLiteStorage(str(tmp_path / "queue.db"))
    storage.initialize_schema()
    inside, closed = threading.Event(), threading.Event()

    def transact() -> None:
        with storage.transaction() as transaction:
            inside.set()
            assert closed.wait(30)
            transaction.execute("INSERT INTO task_queue (type, payload) VALUES ('late', '{}')")

    def read() -> int:
        for n in itertools.count():
            try:
                storage.task_counts()
            except QueueDatabaseError:
                return n
        raise AssertionError

    with ThreadPoolExecutor(5) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        writer = pool.submit(transact)
        assert inside.wait(30)
        storage.close()
        closed.set()
        writer.result()
        assert all(reader.result() >= 0 for reader in readers)
    assert tasks_of(storage.location) == {"{}": 1}
    with pytest.raises(QueueDatabaseError, match="closed"), storage.transaction():
        pass


class Interrupted(BaseException):
    """What a signal handler raises."""


class TimeIsOver(Exception):
    """What a signal handler raises, by the class of errors."""


class _PointByPoint:
    """Raises at the n-th point at which this thread, in the engine's files, would let a signal handler run.

    That is where a function begins and where a call to the interpreter's own code returns.
    """

    def __init__(self, n: int, error: type[BaseException]) -> None:
        self.left = n
        self._folder = str(Path(writer_module.__file__).parent)
        self._error = error

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event in ("call", "c_return") and frame.f_code.co_filename.startswith(self._folder):
            self.left -= 1
            if self.left == 0:
                raise self._error


class _Scene:
    """A group of three behind a leader that is held up: the interrupted thread, then two followers."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        driver = StandardDriver()
        setup = driver.connect(self.path)
        setup.row("PRAGMA journal_mode = WAL")
        setup.run("CREATE TABLE written (text TEXT)")
        setup.close()
        gate = WriteGate(self.path, busy_timeout=5.0)
        self.writer = Writer(lambda: driver.connect(self.path), gate, after_commit=lambda connection: None)

    def insert(self, text: str) -> Callable[[Connection], str]:
        def work(connection: Connection) -> str:
            connection.insert("INSERT INTO written VALUES (?)", (text,))
            return text

        return work

    def interrupt(self, profile: _PointByPoint) -> tuple[BaseException | None, list[str]]:
        """What the interrupted call raised, and what the followers were answered."""
        over, held = threading.Event(), threading.Event()

        def hold(connection: Connection) -> None:
            held.set()
            assert self._until(followers_wait.is_set)

        followers_wait = threading.Event()
        with ThreadPoolExecutor(4) as pool:
            first = pool.submit(self.writer.write, hold)
            assert held.wait(30)
            followers = pool.submit(self._follow, pool, over, followers_wait)
            error = self._run_profiled(profile, over)
            first.result(30)
            return error, [follower.result(30) for follower in followers.result(30)]

    def _run_profiled(self, profile: _PointByPoint, over: threading.Event) -> BaseException | None:
        before = sys.getprofile()
        sys.setprofile(profile)
        try:
            self.writer.write(self.insert("interrupted"))
        except (Interrupted, TimeIsOver) as error:
            return error
        finally:
            sys.setprofile(before)
            over.set()
        return None

    def _follow(self, pool: ThreadPoolExecutor, over: threading.Event, wait: threading.Event) -> list[Future[str]]:
        assert self._until(lambda: over.is_set() or len(self.writer._waiting) >= 2)
        queued = len(self.writer._waiting)
        futures = [pool.submit(self.writer.write, self.insert(text)) for text in ("one", "two")]
        self._until(lambda: over.is_set() or len(self.writer._waiting) >= queued + 2)
        wait.set()
        return futures

    def _until(self, condition: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + 30
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.0001)
        return condition()

    def written(self) -> Counter[str]:
        connection = sqlite3.connect(self.path)
        found = Counter(text for (text,) in connection.execute("SELECT text FROM written"))
        connection.close()
        return found


@pytest.mark.parametrize("kind", [Interrupted, TimeIsOver])
def test_a_handler_that_raises_at_any_point_of_a_write(tmp_path: Path, kind: type[BaseException]) -> None:
    """The others get their results, each once; the interrupted call is written once or not; writing goes on."""
    for n in itertools.count(1):
        scene = _Scene(tmp_path / f"{n}.db")
        profile = _PointByPoint(n, kind)
        error, answers = scene.interrupt(profile)
        assert answers == ["one", "two"]
        assert scene.writer.write(scene.insert("after")) == "after"
        scene.writer.close()
        found = scene.written()
        assert found.pop("interrupted", 1 if error is None else 0) in ((1,) if error is None else (0, 1)), f"point {n}"
        assert found == {"one": 1, "two": 1, "after": 1}, f"point {n}"
        if profile.left > 0:
            break
        assert error is not None, f"point {n}: the handler's exception was lost"
    assert n > 20


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals to a thread are POSIX")
@pytest.mark.parametrize("kind", ["exit", "error"])
def test_a_handler_that_raises_at_random_while_threads_write(storage: SQLiteStorage, kind: str) -> None:
    """Real signals, many times: nothing hangs, is lost or doubled."""
    command = [sys.executable, str(PROGRAM), storage.location, kind, str(INTERRUPTIONS)]
    process = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert (process.returncode, process.stderr) == (0, "")
    said = json.loads(process.stdout)
    found = tasks_of(storage.location)
    assert set(found.values()) == {1}
    assert set(said["acknowledged"]) <= set(found)
    assert set(found) <= set(said["acknowledged"]) | set(said["interrupted"])
    assert len(said["interrupted"]) == INTERRUPTIONS


def test_a_lone_writer_needs_no_other_thread(storage: SQLiteStorage) -> None:
    """One thread after the other leads, and the same thread may lead again and again."""
    for n in range(3):
        storage.enqueue([NewTask(type="a", payload=str(n))])
        threads = [threading.Thread(target=put, args=(storage,)) for _ in range(2)]
        for thread in threads:
            thread.start()
            thread.join()
    assert len(storage.find(TaskFilter())) == 9
