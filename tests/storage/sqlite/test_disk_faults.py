"""A disk that fails: the verb says so, nothing is half done, and what was acknowledged is there."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from musterq.errors import QueueBusyError, QueueDatabaseError
from musterq.models import Claim, TaskFilter
from musterq.storage.sqlite.engine import SQLiteStorage
from tests.storage.making import FACTS, end, put, take_one
from tests.storage.sqlite.faulty_disk import Disk, Fault
from tests.storage.sqlite_counts import verify_counts

State = tuple[dict[int, str], set[str]]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An initialised queue, copied for each run."""
    path = tmp_path_factory.mktemp("template") / "queue.db"
    storage = SQLiteStorage(str(path), driver=Disk().driver)
    storage.initialize_schema()
    storage.close()
    return path


class Story:
    """A few verbs in order, and what each acknowledged one must have left behind."""

    def __init__(self, storage: SQLiteStorage) -> None:
        self.storage = storage
        self.statuses: dict[int, str] = {}
        self.workers: set[str] = set()
        self.claim: Claim | None = None

    def state(self) -> State:
        return dict(self.statuses), set(self.workers)

    def steps(self) -> list[Callable[[], None]]:
        return [self.put, self.put, self.register, self.put, self.take, self.beat, self.check, self.end, self.put]

    def put(self) -> None:
        self.statuses[put(self.storage, payload='"' + "x" * 500 + '"')] = "queued"

    def register(self) -> None:
        self.storage.register("w1", "{}", FACTS)
        self.workers.add("w1")

    def beat(self) -> None:
        assert self.storage.heartbeat("w1")

    def take(self) -> None:
        self.claim = take_one(self.storage, "w1")
        self.statuses[self.claim.task_id] = "processing"

    def end(self) -> None:
        assert self.claim is not None
        assert end(self.storage, self.claim)
        self.statuses[self.claim.task_id] = "completed"

    def check(self) -> None:
        """A checkpoint, which must change nothing that can be seen."""
        self.storage.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


@pytest.mark.skipif(sys.platform != "linux", reason="only here such a limit is an error as of a full disk")
def test_a_disk_without_room_for_the_index_of_the_log(template: Path, tmp_path: Path):
    """It is called full, and not broken."""
    path = shutil.copy(template, tmp_path / "queue.db")
    program = (
        "import resource, signal, sys; from musterq import TaskQueue\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, 16_384))\n"
        "TaskQueue(sys.argv[1]).database.storage.condition()"
    )
    asked = subprocess.run([sys.executable, "-c", program, path], stderr=subprocess.PIPE, text=True, check=False)
    assert "the disk is full; make room" in asked.stderr.splitlines()[-1]


def seen(storage: SQLiteStorage) -> State:
    """What is in the file, which must be sound, its counters right."""
    assert [tuple(row) for row in storage.execute("PRAGMA integrity_check").fetchall()] == [("ok",)]
    verify_counts(storage)
    return (
        {task.id: task.status for task in storage.find(TaskFilter(limit=100))},
        {worker.worker_id for worker in storage.workers()},
    )


def runs(template: Path, folder: Path, disk: Disk, durability: str) -> Iterator[tuple[int, SQLiteStorage]]:
    """One copy of the queue after the other, numbered from 1."""
    for n in itertools.count(1):
        path = folder / f"{n}.db"
        shutil.copyfile(template, path)
        yield n, SQLiteStorage(str(path), driver=disk.driver, durability=durability)


# what SQLite was told of and went on without, apsw tells as well
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("fault", ["read", "write", "sync", "full", "torn"])
def test_a_fault_at_any_operation(template: Path, tmp_path: Path, fault: Fault) -> None:
    """The n-th one fails, for each n that there is: the verb that it struck has done nothing, and can be done again."""
    disk = Disk()
    told = 0
    for n, storage in runs(template, tmp_path, disk, "full"):
        disk.fail(fault, n)
        story = Story(storage)
        for step in story.steps():
            try:
                step()
            except QueueBusyError:
                raise  # nobody else is there
            except QueueDatabaseError:
                assert disk.happened
                told += 1
                assert seen(storage) == story.state()
                step()
        struck = disk.heal()
        storage.close()
        with contextlib.closing(SQLiteStorage(storage.location, driver=disk.driver)) as again:
            assert seen(again) == story.state()
        if not struck:
            break
    assert n > 10
    assert told > 0


def test_a_full_disk_is_called_so(template: Path, tmp_path: Path) -> None:
    """With what to do about it."""
    disk = Disk()
    _, storage = next(runs(template, tmp_path, disk, "normal"))
    put(storage)
    disk.fail("full", 1)
    with pytest.raises(QueueDatabaseError, match="make room"):
        put(storage)
    storage.close()


def healthy_states(storage: SQLiteStorage) -> list[State]:
    """What is in the file before each step, and at the end."""
    story = Story(storage)
    states = [story.state()]
    for step in story.steps():
        step()
        states.append(story.state())
    return states


def steps_until_it_fails(storage: SQLiteStorage) -> int:
    """How many steps are acknowledged."""
    for done, step in enumerate(steps := Story(storage).steps()):
        try:
            step()
        except QueueDatabaseError:
            return done
    return len(steps)


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("durability", ["normal", "full"])
def test_the_loss_of_power(template: Path, tmp_path: Path, durability: str, part: int) -> None:
    """At any change of the disk. Full: every acknowledged commit is there. Normal: the first ones. Never half a one."""
    disk = Disk()
    storages = runs(template, tmp_path, disk, durability)
    _, storage = next(storages)
    states = healthy_states(storage)
    storage.close()
    for n in itertools.count(1 + part, step=4):
        _, storage = next(storages)
        disk.fail("power", n)
        acknowledged = steps_until_it_fails(storage)
        with contextlib.suppress(QueueDatabaseError):
            storage.close()
        if not disk.happened:
            break
        disk.come_back(seed=n)
        with contextlib.closing(SQLiteStorage(storage.location, driver=disk.driver)) as again:
            found = seen(again)
            possible = states[acknowledged if durability == "full" else 0 : acknowledged + 2]
            assert found in possible
            put(again)
    assert n > 10
