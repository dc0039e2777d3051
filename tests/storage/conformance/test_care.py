"""How the database is, and copies of it that are queues of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from musterq.errors import QueueBusyError, QueueDatabaseError, QueueSchemaError
from musterq.models import WorkerFacts
from musterq.storage.base import Storage
from tests.storage.engines import Engine
from tests.storage.making import FACTS, end, put, release, status, take, take_one
from tests.support import MovableClock

Opened = Callable[[Path], Storage]


def nobody(done: int, total: int) -> None:
    """Who is told of progress."""


def back_up(storage: Storage, target: Path, **terms: bool) -> Path:
    storage.backup(str(target), progress=nobody, **{"replace": False, "verify": True, **terms})
    return target


@pytest.fixture
def opened(engine: Engine, clock: MovableClock, tmp_path: Path) -> Iterator[Opened]:
    """Opens the queue in a folder of its own, made of a copy."""
    storages: list[Storage] = []

    def open_copy(copy: Path) -> Storage:
        folder = tmp_path / f"of-{copy.name}"
        folder.mkdir()
        copy.rename(folder / "queue.db")
        storages.append(engine.open(folder, clock))
        return storages[-1]

    yield open_copy
    for storage in storages:
        engine.verify_counts(storage)
        storage.close()


@contextmanager
def at_work(storage: Storage, worker: str = "worker-1", facts: WorkerFacts = FACTS) -> Iterator[None]:
    """A worker process that holds its liveness lock."""
    lock = storage.liveness_lock(worker)
    storage.register(worker, "{}", facts)
    try:
        yield
    finally:
        lock.release()


def test_the_condition_of_a_queue(storage: Storage):
    """Sizes that fit one another, and the engine by name."""
    put(storage)
    condition = storage.condition()
    assert condition.engine.split()[1][0].isdigit()
    assert condition.database_bytes > condition.free_bytes >= 0
    assert condition.log_bytes == storage.log_bytes() > 0
    assert condition.disk_free_bytes is None or condition.disk_free_bytes > 0
    assert condition.busy_waits.count == 0


def test_a_sound_queue_has_no_complaint(storage: Storage):
    """Whatever is looked at, deep or not."""
    put(storage)
    for deep in (False, True):
        facts = storage.examine(deep=deep)
        assert [fact for fact in facts if fact.verdict != "ok" and fact.fact != "disk"] == []
        assert len({fact.fact for fact in facts}) == len(facts)


def test_a_copy_holds_what_the_queue_holds(storage: Storage, opened: Opened, tmp_path: Path):
    """Tasks, what they count for, and where it comes from."""
    ids = [put(storage), put(storage, "report")]
    end(storage, take_one(storage, types=frozenset({"mail"})))
    copy = opened(back_up(storage, tmp_path / "copy.db"))
    assert copy.task_counts() == storage.task_counts()
    assert [status(copy, task_id) for task_id in ids] == ["completed", "queued"]
    (origin,) = [fact for fact in copy.examine(deep=True) if fact.fact == "copy"]
    assert storage.location in origin.text


def test_a_copy_takes_no_worker_process_over(storage: Storage, opened: Opened, tmp_path: Path):
    """What it held waits in the copy, without a crash, and the ledger tells; the original goes on."""
    task_id = put(storage)
    with at_work(storage):
        claim = take_one(storage)
        made = storage.backup(str(tmp_path / "copy.db"), replace=False, verify=True, progress=nobody)
        copy = opened(tmp_path / "copy.db")
        assert (made.tasks, made.given_back) == (1, 1)
        assert copy.workers() == []
        task = copy.get(task_id)
        assert task is not None
        assert (task.status, task.attempts, task.crashes, task.suspect) == ("queued", 0, 0, False)
        (entry,) = copy.ledger(10)
        assert (entry.task_id, entry.worker_id, entry.reason) == (task_id, "worker-1", "copied")
        assert take_one(copy, "worker-2").task_id == task_id
        assert not end(copy, claim)
        assert end(storage, claim)


def test_a_claim_by_api_holds_in_a_copy(storage: Storage, opened: Opened, tmp_path: Path, clock: MovableClock):
    """Its holder may go on with the copy, as long as its lease lasts."""
    task_id = put(storage)
    claim = take_one(storage, lease_seconds=30.0)
    copy = opened(back_up(storage, tmp_path / "copy.db"))
    assert [worker.worker_id for worker in copy.workers()] == ["worker-1"]
    assert status(copy, task_id) == "processing"
    clock.advance(31)
    assert copy.rescue_expired().queued == (task_id,)
    assert not end(copy, claim)
    assert release(storage, claim)


def test_what_is_there_is_not_replaced_unasked(storage: Storage, opened: Opened, tmp_path: Path):
    """And the database itself never."""
    copy = back_up(storage, tmp_path / "copy.db")
    put(storage)
    with pytest.raises(QueueDatabaseError, match="there is a file at"):
        back_up(storage, copy)
    with pytest.raises(QueueDatabaseError, match="the database itself"):
        back_up(storage, Path(storage.location), replace=True)
    back_up(storage, copy, replace=True)
    assert len(opened(copy).task_counts()) == 1


@pytest.mark.parametrize("path", ["nowhere/copy.db", "folder"])
def test_where_no_copy_can_be_written(storage: Storage, tmp_path: Path, path: str):
    """It says why, and leaves nothing behind."""
    (tmp_path / "folder").mkdir()
    put(storage)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(QueueDatabaseError, match="folder"):
        back_up(storage, tmp_path / path)
    assert sorted(tmp_path.iterdir()) == before


def test_progress_is_told_to_the_end(storage: Storage, tmp_path: Path):
    """In bytes, of how many."""
    told: list[tuple[int, int]] = []
    storage.backup(str(tmp_path / "copy.db"), replace=False, verify=False, progress=lambda *seen: told.append(seen))
    assert told[-1] == (storage.condition().database_bytes,) * 2


def test_a_copy_that_is_interrupted_leaves_nothing(storage: Storage, tmp_path: Path):
    """Whatever was raised."""

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        storage.backup(str(tmp_path / "copy.db"), replace=False, verify=False, progress=interrupt)
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == []
    put(storage)


def test_a_backup_takes_the_place_of_a_queue(
    engine: Engine, storage: Storage, clock: MovableClock, tmp_path: Path, opened: Opened
):
    """What was there is kept beside, whole."""
    task_id = put(storage)
    copy = back_up(storage, tmp_path / "copy.db")
    folder = tmp_path / "restored"
    folder.mkdir()
    with_more = engine.open(folder, clock)
    assert [put(with_more) for _ in range(3)] == [1, 2, 3]
    with_more.close()
    made = engine.open(folder, clock).restore(str(copy), replace=True, verify=True, progress=nobody)
    restored = engine.open(folder, clock)
    assert status(restored, task_id) == "queued"
    assert sum(restored.task_counts().values()) == made.tasks == 1
    assert [fact for fact in restored.examine(deep=True) if fact.verdict != "ok" and fact.fact != "disk"] == []
    restored.close()
    assert made.kept is not None
    assert sum(opened(Path(made.kept)).task_counts().values()) == 3


def test_a_queue_that_is_there_is_not_replaced_unasked(engine: Engine, storage: Storage, tmp_path: Path):
    """Nor by itself."""
    copy = back_up(storage, tmp_path / "copy.db")
    with pytest.raises(QueueDatabaseError, match="there is a file at"):
        storage.restore(str(copy), replace=False, verify=True, progress=nobody)
    with pytest.raises(QueueDatabaseError, match="the database itself"):
        storage.restore(storage.location, replace=True, verify=True, progress=nobody)
    with pytest.raises(QueueDatabaseError, match="there is no backup"):
        storage.restore(str(tmp_path / "nowhere.db"), replace=True, verify=True, progress=nobody)


def test_a_queue_in_use_is_not_replaced(storage: Storage, other: Storage, tmp_path: Path):
    """By a worker, which is named, or by whoever has it open."""
    put(storage)
    copy = back_up(storage, tmp_path / "copy.db")
    with at_work(storage), pytest.raises(QueueBusyError, match="worker-1"):
        other.restore(str(copy), replace=True, verify=True, progress=nobody)
    with pytest.raises(QueueBusyError, match="this process itself"):
        other.restore(str(copy), replace=True, verify=True, progress=nobody)
    assert len(take(storage)) == 1


def test_what_is_no_queue_is_not_restored(storage: Storage, tmp_path: Path):
    """The queue stays as it is."""
    text = tmp_path / "text.db"
    text.write_text("no database at all, but long enough to look like one " * 100)
    with pytest.raises(QueueDatabaseError, match="not a database"):
        storage.restore(str(text), replace=True, verify=True, progress=nobody)
    (tmp_path / "empty.db").touch()
    with pytest.raises(QueueSchemaError, match="not a musterq database"):
        storage.restore(str(tmp_path / "empty.db"), replace=True, verify=True, progress=nobody)
    assert put(storage) == 1


def test_writing_the_whole_anew_makes_it_smaller(storage: Storage):
    """By what was free in it."""
    for _ in range(50):
        put(storage, payload=f'"{"x" * 10_000}"')
    storage.execute("DELETE FROM task_queue")
    done = storage.rebuild()
    assert done.free_before > done.free_after == 0
    assert done.bytes_after < done.bytes_before / 2
    assert storage.condition().database_bytes == done.bytes_after
