"""What `musterq top` takes of a core while somebody looks at 1,000 workers that beat, and at tasks that come to an end.

Drawn twice a second on a terminal of 140 by 50. The processor time of a short run is taken from that of a long one, so
that its start does not count.
"""

import fcntl
import os
import pty
import resource
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.harness import Row, Target
from benchmarks.scenarios.flat import fill
from benchmarks.setting import Setting
from musterq import TaskQueue
from musterq.models import WorkerFacts

WORKERS = 1_000
BEAT_SECONDS = 10.0
PAGES = ("types", "workers", "tasks")
SIZE = struct.pack("HHHH", 50, 140, 0, 0)
SHORT_SECONDS = 3.0
FILES = 3 * WORKERS + 100  # each lock is a file and a map


def rows(setting: Setting) -> list[Row]:
    """The share of a core with each page on show."""
    n = setting.choose(quick=10_000, usual=1_000_000, large=10_000_000)
    seconds = setting.choose(quick=6, usual=30)
    with setting.new_folder() as folder, TaskQueue(folder / "queue.db") as queue:
        fill(queue, n)
        with at_work(queue):
            shares = {page: share_of_a_core(queue, page, seconds) for page in PAGES}
    return [
        Row(name=f"top, {n:,} tasks, page {page}", figure=share, unit="% of a core", target=Target(below=2.0))
        for page, share in shares.items()
    ]


@contextmanager
def at_work(queue: TaskQueue) -> Iterator[None]:
    """Workers that hold their locks, beat, and finish a task now and then."""
    with ExitStack() as held, many_files():
        names = [f"worker-{number:04}" for number in range(WORKERS)]
        for name in names:
            lock = queue.storage.liveness_lock(name)
            held.callback(lock.release)
            facts = WorkerFacts(host="bench", pid=os.getpid(), beat_seconds=BEAT_SECONDS, concurrency=8)
            queue.storage.register(name, '{"pool": [0, 1, 2]}', facts)
        ended = threading.Event()
        thread = threading.Thread(target=work, args=(queue, names, ended))
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


@contextmanager
def many_files() -> Iterator[None]:
    """Let this process have so many files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def work(queue: TaskQueue, names: list[str], ended: threading.Event) -> None:
    """Each worker in turn: beat, end what it has, take two more."""
    while not ended.is_set():
        for name in names:
            queue.storage.heartbeat(name)
            for number, claim in enumerate(queue.claim(name, limit=3, lease_seconds=60)):
                if not number:
                    queue.complete(claim)
            if ended.wait(BEAT_SECONDS / WORKERS):
                return


def share_of_a_core(queue: TaskQueue, page: str, seconds: float) -> float:
    """In percent, once it has started."""
    path = Path(queue.database.location)
    spent = [cpu_seconds(path, page, run) for run in (SHORT_SECONDS, SHORT_SECONDS + seconds)]
    return (spent[1] - spent[0]) / seconds * 100


def cpu_seconds(path: Path, page: str, seconds: float) -> float:
    """What a run of so many seconds takes."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, SIZE)
    command = [sys.executable, "-m", "musterq", "top", "--database", str(path), "--page", page]
    environment = {**os.environ, "TERM": "xterm-256color"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    reader = threading.Thread(target=drain, args=(ours,))
    reader.start()
    time.sleep(seconds)
    process.send_signal(signal.SIGTERM)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0  # it has been waited for
    os.close(theirs)
    reader.join()
    os.close(ours)
    return usage.ru_utime + usage.ru_stime


def drain(terminal: int) -> None:
    """Read what is drawn until nobody draws any more."""
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:  # how Linux says so
        return
