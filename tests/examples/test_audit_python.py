"""The example `audit_python`: what it finds in files, and the whole of it on a small tree."""

import base64
import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.audit_python import audit, discovery, live, plan
from examples.audit_python.workers import Fleet
from musterq import QueueMonitoring, TaskQueue

ROOT = Path(__file__).resolve().parents[2]


def digest_of(content: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


@pytest.fixture
def distribution(tmp_path: Path) -> Path:
    """A folder with one distribution, `spam`: a file in order, a changed one, a missing one, and bytecode."""
    metadata = tmp_path / "site" / "spam-1.0.dist-info"
    package = tmp_path / "site" / "spam"
    metadata.mkdir(parents=True)
    package.mkdir()
    (package / "fine.py").write_bytes(b"x = 1\n")
    (package / "changed.py").write_bytes(b"x = 2\n")
    (metadata / "RECORD").write_text(
        f"spam/fine.py,{digest_of(b'x = 1' + bytes([10]))},6\n"
        f"spam/changed.py,{digest_of(b'something else')},14\n"
        f"spam/missing.py,{digest_of(b'')},0\n"
        "spam/__pycache__/fine.cpython-311.pyc,,\n"
        "spam-1.0.dist-info/RECORD,,\n",
        encoding="utf-8",
    )
    return metadata


@pytest.mark.parametrize("name", ["plain.py", "100%.py", "%41.py", "größe.py", os.fsdecode(b"\xff\xfe.py")])
def test_any_file_name_survives_as_json_text(name: str):
    """A name is carried as text without lone surrogates, and comes back as it was."""
    text = audit.to_text(name)
    assert text.encode("utf-8")
    assert audit.to_path(text) == name


def test_verify_tells_files_in_order_from_changed_and_missing_ones(distribution: Path):
    """Each line of a RECORD is compared with the file that it names."""
    found = {
        entry.path: audit.verify(str(distribution), entry.path, entry.digest).get("finding")
        for entry in audit.read_record(str(distribution))
    }
    assert found == {
        "spam/fine.py": None,
        "spam/changed.py": "changed",
        "spam/missing.py": "missing",
        "spam/__pycache__/fine.cpython-311.pyc": None,
        "spam-1.0.dist-info/RECORD": None,
    }


def test_a_listed_path_may_be_absolute_or_lie_outside(distribution: Path, tmp_path: Path):
    """Scripts are listed as `../../bin/name`, and some installers list absolute paths."""
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "spam"
    script.write_bytes(b"#!")
    for path in ("../bin/spam", str(script)):
        assert audit.verify(str(distribution), path, digest_of(b"#!")) == {"bytes": 2}


def test_what_cannot_be_read_is_a_finding(distribution: Path):
    """A folder, a pipe (which would be read for ever) and a loop of links stop nobody."""
    os.mkfifo(distribution / "pipe")
    (distribution / "loop").symlink_to("loop")
    for path in ("spam", "spam-1.0.dist-info/pipe", "spam-1.0.dist-info/loop", "nul\0byte"):
        result = audit.verify(str(distribution), path, digest_of(b""))
        assert (result["finding"], bool(result["detail"])) == ("unreadable", True)


def test_an_unknown_kind_of_hash_is_a_finding(distribution: Path):
    """It is not taken for a match."""
    assert audit.verify(str(distribution), "spam/fine.py", "crc32=AAAA")["finding"] == "unreadable"


def test_a_distribution_without_a_record_lists_nothing(tmp_path: Path):
    """Debian's packages have none; an egg-info may be a file."""
    (tmp_path / "eggs-1.0.egg-info").write_text("Name: eggs\n")
    (tmp_path / "ham-1.0.dist-info").mkdir()
    for name in ("eggs-1.0.egg-info", "ham-1.0.dist-info"):
        assert audit.package(str(tmp_path / name)) == {"files": 0, "without_record": True}


def test_a_record_that_cannot_be_read_is_a_finding(tmp_path: Path):
    """A RECORD that is a folder stops nobody."""
    (tmp_path / "RECORD").mkdir()
    assert audit.package(str(tmp_path))["finding"] == "unreadable"


def test_names_in_a_record_need_not_be_utf_8(distribution: Path):
    """They are found under the bytes that are there."""
    name = b"spam/\xff.txt"
    Path(os.fsdecode(os.fsencode(distribution.parent) + b"/" + name)).write_bytes(b"")
    (distribution / "RECORD").write_bytes(name + b"," + digest_of(b"").encode() + b",0\n\nshort\n")
    first, second = audit.read_record(str(distribution))
    assert first.path == "spam/%FF.txt"
    assert audit.verify(str(distribution), *first) == {"bytes": 0}
    assert second == ("short", "")


@pytest.mark.parametrize(
    ("source", "detail"),
    [
        (b"x = 1\n", None),
        (b"# coding: latin-1\nx = '\xe4'\n", None),
        (b"'\\d' is 1\n", None),  # worth a warning, which is an error in these tests
        (b"x = '\xe4'\n", "utf-8"),
        (b"# coding: klingon\n", "unknown encoding: klingon"),
        (b"\n\nprint 1\n", "line 3: "),
        (b"x = '\0'\n", "null"),
    ],
)
def test_parse_says_why_a_module_does_not_compile(tmp_path: Path, source: bytes, detail: str | None):
    """Encodings are obeyed as an import does, and warnings are no findings."""
    module = tmp_path / "module.py"
    module.write_bytes(source)
    result = audit.parse(str(module))
    assert result["bytes"] == len(source)
    if detail is None:
        assert "finding" not in result
    else:
        assert result["finding"] == "not compiling"
        assert detail in result["detail"]


def test_discovery_goes_round_no_loop_and_takes_any_name(tmp_path: Path):
    """Links to folders are not followed; names that are no UTF-8 are found."""
    (tmp_path / "round").symlink_to(tmp_path)
    (tmp_path / os.fsdecode(b"\xff.py")).write_bytes(b"")
    (tmp_path / "spam-1.0.dist-info").mkdir()
    found = discovery.tree(tmp_path)
    assert found.modules == [f"{os.path.realpath(tmp_path)}/%FF.py"]
    assert found.packages == [f"{os.path.realpath(tmp_path)}/spam-1.0.dist-info"]


def test_discovery_finds_the_running_python():
    """Its standard library, and the distributions installed beside these tests."""
    found = discovery.this_python()
    assert audit.to_text(os.path.realpath(os.__file__)) in found.modules
    assert any("/pytest-" in folder for folder in found.packages)
    assert len(set(found.modules)) == len(found.modules)


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), cwd=ROOT, capture_output=True, text=True, check=False)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "examples.audit_python", "--workers", "2", *map(str, arguments)]


@pytest.fixture
def finished(distribution: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A folder that was audited, and the database in which that was done."""
    (distribution.parent / "broken.py").write_text("print 1\n")
    database = tmp_path / "audit.db"
    assert run("--dir", distribution.parent, "--database", database).returncode == 0
    return distribution.parent, database


def test_the_whole_audit_finds_what_is_wrong_and_proves_itself(distribution: Path, tmp_path: Path):
    """Worker processes do the work; findings alone are no failure."""
    (distribution.parent / "broken.py").write_text("print 1\n")
    (distribution / "RECORD").write_text((distribution / "RECORD").read_text() + "spam/fine.py,,\n")
    done = run("--dir", distribution.parent, "--database", tmp_path / "audit.db")
    assert (done.returncode, done.stderr) == (0, "")
    words = done.stdout.split()
    assert "Found 1 distribution and 3 modules." in done.stdout
    for finding in ("1 changed", "1 missing", "1 doubled", "0 unreadable", "1 not compiling"):
        assert finding in " ".join(words)
    assert "10 enqueued, 10 of 10 completed in 10 attempts" in done.stdout
    assert words.count("holds") == 3


def test_strict_makes_findings_a_failure(finished: tuple[Path, Path]):
    """A second start on the same database finds everything done and enqueues nothing twice."""
    folder, database = finished
    done = run("--dir", folder, "--database", database, "--strict")
    assert "9 enqueued, 9 of 9 completed in 9 attempts" in done.stdout
    assert done.returncode == 1


def test_a_result_that_is_not_what_the_audit_gives_fails_the_proof(finished: tuple[Path, Path]):
    """The proof does the work again and compares."""
    folder, database = finished
    connection = sqlite3.connect(database)
    connection.execute(
        """UPDATE task_queue SET result = '{"bytes": 7, "seconds": 0}' WHERE payload LIKE '%broken.py%'"""
    )
    connection.commit()
    connection.close()
    done = run("--dir", folder, "--database", database)
    assert "1 differ" in done.stdout
    assert done.returncode == 1


def test_work_that_is_missing_fails_the_proof(finished: tuple[Path, Path]):
    """A task that a RECORD calls for and that is not in the database is lost work."""
    folder, database = finished
    connection = sqlite3.connect(database)
    connection.execute("DELETE FROM task_queue WHERE type = 'verify' AND payload LIKE '%fine.py%'")
    connection.commit()
    connection.close()
    done = run("--dir", folder, "--database", database)
    assert "9 enqueued, 8 of 8 completed" in done.stdout
    assert done.returncode == 1


def test_an_interrupted_audit_can_go_on(tmp_path: Path):
    """Ctrl-C stops the workers and says how to go on; the next start does only the rest."""
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(300):
        (tree / f"module_{number}.py").write_text("x = [" + "1 + 2," * 2000 + "]\n")
    arguments = ("--dir", tree, "--database", tmp_path / "audit.db")
    with subprocess.Popen(command(*arguments), cwd=ROOT, text=True, stdout=-1, stderr=-1) as first:
        assert first.stdout is not None
        while " done" not in first.stdout.readline():
            pass
        first.send_signal(signal.SIGINT)
        _, said = first.communicate()
    assert first.returncode == 130
    assert f"--database {tmp_path}/audit.db --dir {tree}" in said
    rest = run(*arguments)
    assert rest.returncode == 0, rest.stdout


def test_a_line_counts_the_workers_that_live():
    """One that was killed stays on the roll, beside the one that took its place."""
    workers = [{"worker_id": str(number), "status": status} for number, status in enumerate(("busy", "lost", "idle"))]
    reading = live.Reading(seconds=1.0, done=1, waiting=1, running=1, per_second=1.0, workers=workers)
    assert live.line(reading).endswith("  2 workers")


@pytest.fixture
def at_work(tmp_path: Path) -> Iterator[tuple[Fleet, TaskQueue]]:
    """A worker process in the middle of a long task."""
    (tmp_path / "module.py").write_text("x = [" + "a + b," * 300_000 + "]\n")
    with TaskQueue(tmp_path / "audit.db") as queue:
        plan.enqueue(queue, discovery.tree(tmp_path))
        with Fleet(1, tmp_path / "audit.db", tmp_path, QueueMonitoring(queue.database)) as fleet:
            while depth(queue, "processing") == 0:
                fleet.tend(depth(queue, "queued"))
            yield fleet, queue


def depth(queue: TaskQueue, status: str) -> int:
    found: int = QueueMonitoring(queue.database).get_queue_metrics()["queue_depth_by_status"].get(status, 0)
    return found


def kill(fleet: Fleet) -> None:
    process = fleet._running["audit-1"]
    process.kill()
    process.wait()


def test_a_worker_that_dies_is_replaced(at_work: tuple[Fleet, TaskQueue]):
    """What it held goes back to the queue, and its end is told."""
    fleet, queue = at_work
    kill(fleet)
    while fleet.tend(depth(queue, "queued")):
        pass
    assert "audit-1 ended with exit code -9" in fleet.deaths[0]
    assert depth(queue, "completed") == 1


def test_an_audit_that_was_killed_with_its_workers_can_go_on(at_work: tuple[Fleet, TaskQueue], tmp_path: Path):
    """The next start takes back what dead workers hold."""
    fleet, _ = at_work
    kill(fleet)
    done = run("--dir", tmp_path, "--database", tmp_path / "audit.db")
    assert "1 enqueued, 1 of 1 completed in 1 attempts, 1 more were broken off" in done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--dir", "no/such/folder"), "no/such/folder is not a folder"),
        (("--dir", __file__), "is not a folder"),
        (("--workers", "0"), "0 is not a number from 1 to 64"),
        (("--database", "/no/such/folder/audit.db"), "/no/such/folder"),
    ],
)
def test_what_cannot_be_audited_is_said_with_exit_code_2(arguments: tuple[str, ...], said: str):
    """The message names what was wrong."""
    done = run(*arguments)
    assert (done.returncode, said in done.stderr) == (2, True)


def test_a_queue_of_another_program_is_left_alone(tmp_path: Path):
    """The audit would fill it with its own tasks."""
    (tmp_path / "module.py").write_text("x = 1\n")
    with TaskQueue(tmp_path / "mail.db") as queue:
        queue.enqueue("mail", {"to": "alice"})
        done = run("--dir", tmp_path, "--database", tmp_path / "mail.db")
        assert (done.returncode, "the tasks of another program" in done.stderr) == (2, True)
        assert len(queue.find()) == 1


def test_two_audits_in_one_database_fail_the_proof(finished: tuple[Path, Path], tmp_path: Path):
    """The second cannot tell its tasks from those of the first; it says what to do."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "module.py").write_text("x = 1\n")
    done = run("--dir", tmp_path / "other", "--database", finished[1])
    assert (done.returncode, "name a new file" in done.stdout) == (1, True)


def test_an_empty_folder_is_no_failure(tmp_path: Path):
    """It says that there is nothing to do."""
    done = run("--dir", tmp_path)
    assert (done.returncode, "There is nothing to audit" in done.stdout) == (0, True)
