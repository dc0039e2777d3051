"""The lock that dies with its worker, and with nothing else."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from musterq.errors import QueueDatabaseError, WorkerIdTakenError
from musterq.storage.sqlite.file_lock import close_lock
from musterq.storage.sqlite.liveness import LivenessFolder, lock_name
from tests.storage.sqlite.nobody import as_nobody
from tests.worker.waiting import until

PROGRAM = Path(__file__).with_name("liveness_program.py")
CHILDREN = [
    "fork",
    "subprocess",
    "subprocess with open files",
    "multiprocessing fork",
    "multiprocessing spawn",
    "multiprocessing forkserver",
]
IDS = [
    "w1",
    "W1",
    "w 1",
    "w/1",
    "../w1",
    "..",
    ".",
    ".hidden",
    "-",
    "a\\b",
    "a:b",
    "a\nb",
    "a\tb",
    "w1.lock",
    "w1=",
    "größe",
    "GRÖSSE",
    "工人-1",
    "🦫",
    "x" * 255,
    "X" * 255,
    "x" * 254 + "y",
    "工" * 255,
    "con",
    "' OR 1=1 --",
]

posix = pytest.mark.skipif(sys.platform == "win32", reason="forks, signals and modes are POSIX")
Hold = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "queue.db"
    path.touch()
    return path


@pytest.fixture
def folder(path: Path) -> LivenessFolder:
    return LivenessFolder(str(path))


@pytest.fixture
def hold(path: Path, tmp_path: Path) -> Iterator[Hold]:
    """Starts processes that hold a lock, and returns once they do; they and their children end with the test."""
    pipe = tmp_path / "pipe"
    if sys.platform != "win32":
        os.mkfifo(pipe)
    held_open = os.open(pipe, os.O_RDWR) if pipe.exists() else None
    started: list[subprocess.Popen[str]] = []

    def start(worker_id: str, *kind: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore::DeprecationWarning", str(PROGRAM), str(path), worker_id, *kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "MUSTERQ_TEST_PIPE": str(pipe)},
        )
        started.append(process)
        return process

    yield start
    if held_open is not None:
        os.close(held_open)
    for process in started:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


def said(process: subprocess.Popen[str]) -> int:
    """The pid that it prints when it holds its lock."""
    assert process.stdout is not None
    return int(process.stdout.readline())


def test_a_held_lock_refuses_a_second_process(folder: LivenessFolder, hold: Hold) -> None:
    """The message says what to do."""
    said(hold("w1"))
    assert not folder.is_free("w1")
    with pytest.raises(WorkerIdTakenError, match="choose another worker id"):
        folder.take("w1")


def test_a_held_lock_refuses_the_same_process(folder: LivenessFolder) -> None:
    """A second worker of the same id is a mistake here, too."""
    lock = folder.take("w1")
    with pytest.raises(WorkerIdTakenError):
        folder.take("w1")
    lock.release()


@posix
def test_it_is_free_after_sigkill(folder: LivenessFolder, hold: Hold) -> None:
    """At once: the kernel lets it go."""
    process = hold("w1")
    said(process)
    process.kill()
    process.wait(30)
    assert folder.is_free("w1")
    folder.take("w1").release()


@posix
@pytest.mark.parametrize("kind", CHILDREN)
def test_no_child_keeps_it(folder: LivenessFolder, hold: Hold, kind: str) -> None:
    """The process is killed, its child lives on: the lock is free all the same."""
    process = hold("w1", kind)
    child = said(process)
    assert not folder.is_free("w1")
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    os.kill(child, 0)  # it is alive
    until(lambda: folder.is_free("w1"))  # at once, but for a child that has not run a line of its own yet
    os.kill(child, 0)


@posix
def test_a_child_does_not_let_it_go(folder: LivenessFolder) -> None:
    """What a fork copied is not the child's to release: neither the lock nor its file."""
    program = (
        "import os, sys\n"
        "from musterq.storage.sqlite.liveness import LivenessFolder\n"
        "folder = LivenessFolder(sys.argv[1])\n"
        "lock = folder.take('w1')\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    lock.release()\n"
        "    os._exit(0 if not folder.is_free('w1') else 1)\n"
        "assert os.waitpid(pid, 0)[1] == 0\n"
        "assert not folder.is_free('w1')\n"
        "lock.release(forgotten=False)\n"
        "assert folder.is_free('w1')\n"
    )
    subprocess.run([sys.executable, "-c", program, str(folder._database)], check=True, timeout=30)


def test_release_and_take_again(folder: LivenessFolder) -> None:
    """A release leaves no file behind, and does nothing a second time, not even to the next holder."""
    first = folder.take("w1")
    first.release()
    assert list(folder._folder.iterdir()) == []
    second = folder.take("w1")
    first.release()
    assert not folder.is_free("w1")
    second.release()


def test_a_file_that_was_unlinked_and_made_again(folder: LivenessFolder) -> None:
    """The lock counts on the file that is there now; whoever held the old one does not remove the new one."""
    first = folder.take("w1")
    (file,) = folder._folder.iterdir()
    file.unlink()
    second = folder.take("w1")
    first.release()
    assert not folder.is_free("w1")
    with pytest.raises(WorkerIdTakenError):
        folder.take("w1")
    second.release(forgotten=False)
    assert folder.is_free("w1")


def test_nobody_is_dead_because_a_file_is_missing(folder: LivenessFolder) -> None:
    """Somebody may have cleaned up; then beats tell. Asking makes nothing."""
    assert not folder.is_free("w1")
    assert not folder._folder.exists()


@pytest.mark.parametrize("worker_id", IDS)
def test_a_name_is_safe_for_any_id(folder: LivenessFolder, worker_id: str) -> None:
    """One file in the folder itself, in characters that every file system takes."""
    lock = folder.take(worker_id)
    (file,) = folder._folder.iterdir()
    assert file.name.isascii()
    assert len(file.name) < 120
    assert not file.name.startswith((".", "-"))
    assert not set(file.name) & set('/\\:*?"<>|\n\t ')
    assert not folder.is_free(worker_id)
    lock.release()


def test_different_ids_have_different_locks() -> None:
    """Also where upper and lower case are the same file."""
    assert len({lock_name(worker_id).lower() for worker_id in IDS}) == len(IDS)


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o660, 0o644, 0o666])
def test_folder_and_file_follow_the_database(path: Path, folder: LivenessFolder, mode: int) -> None:
    """Whoever may write the database may take and test a lock, whatever the umask of the worker."""
    path.chmod(mode)
    if os.geteuid() == 0:
        os.chown(path, -1, 12345)
    before = os.umask(0o077)
    try:
        lock = folder.take("w1")
    finally:
        os.umask(before)
    (file,) = folder._folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert stat.S_IMODE(folder._folder.stat().st_mode) == mode | (mode & 0o444) >> 2 | 0o700
    assert file.stat().st_gid == folder._folder.stat().st_gid == path.stat().st_gid
    lock.release()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # a fork beside the threads of the test runner
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root is every user")
@pytest.mark.parametrize(("mode", "free"), [(0o666, True), (0o600, False)])
def test_another_user_tests_a_lock(reachable: Path, mode: int, free: bool) -> None:  # noqa: FBT001
    """As far as he may read it; a lock that he cannot test counts as held, since nobody is dead by guess."""
    path = reachable / "queue.db"
    path.touch()
    path.chmod(mode)
    folder = LivenessFolder(str(path))
    lock = folder.take("w1")
    assert as_nobody(lambda: folder.is_free("w1")) == "False"
    close_lock(lock._descriptor)  # as its death does: the file stays
    assert as_nobody(lambda: folder.is_free("w1")) == str(free)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """With its path."""
    (tmp_path / "queue.db").touch()
    (tmp_path / "queue.db-workers").write_text("in the way")
    with pytest.raises(QueueDatabaseError, match=r"queue\.db-workers"):
        LivenessFolder(str(tmp_path / "queue.db")).take("w1")


def test_many_take_one_id_at_once(folder: LivenessFolder, hold: Hold) -> None:
    """One gets it; the others are told."""
    processes = [hold("w1") for _ in range(4)]
    lines = [process.stdout.readline() for process in processes if process.stdout is not None]
    assert sorted(line != "" for line in lines) == [False, False, False, True]


@posix
def test_a_dead_workers_file_goes_when_it_is_forgotten(folder: LivenessFolder, hold: Hold) -> None:
    """And a live one's stays."""
    process = hold("w1")
    said(process)
    folder.discard("w1")
    assert not folder.is_free("w1")
    process.kill()
    process.wait(30)
    folder.discard("w1")
    assert list(folder._folder.iterdir()) == []


def test_what_was_begun_is_read_by_others(folder: LivenessFolder) -> None:
    """The last claim of each thread, until it is forgotten."""
    lock = folder.take("w1")
    lock.begin(0, 5)
    lock.begin(7, 2**63 - 1)
    lock.begin(0, 6)
    assert folder.begun("w1") == [6, 2**63 - 1]
    folder.forget_begun("w1")
    assert folder.begun("w1") == []
    lock.begin(0, 8)
    assert folder.begun("w1") == [8]
    lock.release()
    assert folder.begun("w1") is None


def test_more_threads_than_places_are_no_error(folder: LivenessFolder) -> None:
    """The tasks of those beyond are charged by what the database knows."""
    lock = folder.take("w1")
    lock.begin(2048, 5)
    assert folder.begun("w1") == []
    lock.release()
