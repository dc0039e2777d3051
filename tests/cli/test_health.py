"""``musterq health``."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest

from musterq import QueueMonitoring, TaskQueue
from musterq.cli.health_options import OPTIONS
from musterq.models import WorkerFacts
from musterq.monitoring.health.thresholds import Thresholds
from musterq.records import Pulse
from tests.cli.running import Cli


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a file with thresholds is looked for."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def waiting(queue: TaskQueue) -> None:
    """Work for a worker that is there, and a paused type: a warning."""
    QueueMonitoring(queue.database).register_worker("worker-01")
    queue.pause("mail")
    queue.enqueue("mail")


def test_all_is_well(cli: Cli, queue: TaskQueue):
    """One line, exit code 0; with --quiet, nothing."""
    assert cli.lines("health") == ["OK: all is well"]
    assert cli.lines("health", "--quiet") == []
    assert cli.json("health") == {"status": "ok", "findings": []}


def test_a_warning(cli: Cli, waiting: None):
    """The status first, then a line with what to do; exit code 1."""
    result = cli("health")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "WARNING: 1 finding: paused mail",
        "warning: type mail is paused, with 1 task of it queued. When it may go on: musterq resume mail",
    ]
    assert result.stderr == ""
    assert cli("health", "--quiet").stdout == result.stdout


def test_something_critical(cli: Cli, queue: TaskQueue, waiting: None):
    """The worst comes first; exit code 2."""
    lock = queue.storage.liveness_lock("worker-02")
    queue.storage.register("worker-02", "{}", WorkerFacts(host="host-1", pid=4711))
    lock.release(forgotten=False)
    result = cli("health")
    assert result.exit_code == 2
    first, lost, paused = result.stdout.splitlines()
    assert first == "CRITICAL: 2 findings: lost worker-02, paused mail"
    assert lost.startswith("critical: worker worker-02 (process 4711 on host-1) is lost: ")
    assert " UTC). Start it again; " in lost
    assert paused.startswith("warning: ")


def test_the_document_is_that_of_check_health(cli: Cli, queue: TaskQueue, waiting: None):
    """With the same exit code."""
    result = cli("health", "--json")
    assert result.exit_code == 1
    findings = QueueMonitoring(queue.database).check_health()
    assert json.loads(result.stdout) == {"status": "warning", "findings": findings}


def test_many_findings_are_named_a_few(cli: Cli, queue: TaskQueue):
    """The first line stays short."""
    QueueMonitoring(queue.database).register_worker("worker-01")
    for type in "abcdefg":
        queue.pause(type)
        queue.enqueue(type)
    first, *others = cli("health").stdout.splitlines()
    assert first == "WARNING: 7 findings: paused a, paused b, paused c, paused d, paused e, 2 more"
    assert len(others) == 7


# -- thresholds --------------------------------------------------------------------------------------
def test_every_threshold_is_an_option(cli: Cli, queue: TaskQueue):
    """And the help has it."""
    assert set(OPTIONS) == set(Thresholds.__struct_fields__)
    shown = cli("health", "--help").stdout
    assert [name for name in OPTIONS if f"--{name.replace('_', '-')}" not in shown] == []


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("", 1),
        ("--ignore paused", 0),
        ("--ignore paused,lost --ignore late", 0),
        ("--free-mib 1000000000:1", 1),
        ("--free-mib :1000000000", 2),
        ("--ignore paused --stale 0:0", 2),
        ("--ignore paused --stale 0", 1),
    ],
)
def test_thresholds_by_option(cli: Cli, waiting: None, options: str, code: int):
    """They change what is found, and how bad that is."""
    assert cli("health", *shlex.split(options)).exit_code == code


def test_thresholds_by_file(cli: Cli, waiting: None, folder: Path):
    """From musterq.toml if it is there, or another; what is on the command line goes first."""
    (folder / "musterq.toml").write_text('[worker]\nconcurrency = 2\n[health]\nignore = ["paused"]\nstale = [0, 0]\n')
    assert cli("health").exit_code == 2
    assert cli("health", "--stale", "off").exit_code == 0
    assert cli("health", "--ignore", "late", "--stale", "off").exit_code == 1
    (folder / "other.toml").write_text('[health]\nignore = "paused"\nstale = "0"\nfree_mib = false\n')
    assert cli("health", "--config", "other.toml").exit_code == 1
    (folder / "musterq.toml").write_text("[worker]\nconcurrency = 2\n")
    assert cli("health").exit_code == 1


# -- what a probe must be able to tell ---------------------------------------------------------------
def test_a_queue_that_cannot_be_read_is_critical(cli: Cli):
    """On stdout, where a probe looks; a mistyped path makes no file."""
    result = cli("health")
    assert result.exit_code == 2
    first, line = result.stdout.splitlines()
    assert first == "CRITICAL: 1 finding: database"
    assert line.startswith(f"critical: the queue cannot be read: there is no queue at {cli.database}")
    assert not cli.database.exists()
    cli.database.write_text("this is no database, and long enough to be taken for one" * 20)
    result = cli("health", "--json")
    assert result.exit_code == 2
    (finding,) = json.loads(result.stdout)["findings"]
    assert (finding["check"], finding["severity"]) == ("database", "critical")
    assert cli("health", "--worker", "worker-01").exit_code == 2
    assert cli("health", "--worker", "").exit_code == 3


def test_so_is_one_with_what_nobody_could_have_written(cli: Cli, queue: TaskQueue):
    """Neither a warning, as the exit code of a traceback would say, nor wrong usage."""
    queue.storage.register("worker-01", "{}", WorkerFacts(host="host-1", pid=4711))
    queue.database.execute("UPDATE worker_facts SET types = 'no json'")
    for arguments in ((), ("--worker", "worker-01")):
        result = cli("health", *arguments)
        assert result.exit_code == 2
        assert "the queue cannot be read: JSONDecodeError: " in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--oldest", "soon"), "--oldest: oldest='soon' is no threshold; give WARNING, WARNING:CRITICAL"),
        (("--failure-rate", "20"), "--failure-rate: failure_rate=20.0 is out of range; give 0 to 1"),
        (("--least-finished", "x"), "--least-finished: least_finished='x' is no whole number"),
        (("--ignore", "nothing"), "--ignore: ignore='nothing' is no check; give some of: no_worker"),
        (("--config", "none.toml"), "there is no file none.toml; --config names a TOML file with a table [health]"),
        (("--worker", "w", "--oldest", "1"), "--oldest is for the whole queue, and --worker looks at one worker"),
        (("--worker", "w", "--config", "x"), "--config is for the whole queue"),
        (("--worker", ""), "worker_id"),
    ],
)
def test_wrong_usage_is_neither_well_nor_critical(cli: Cli, queue: TaskQueue, arguments: tuple[str, ...], words: str):
    """Exit code 3, which Nagios calls unknown, and a line that says what to give."""
    assert words in cli.error("health", *arguments, code=3)


@pytest.mark.parametrize("arguments", [("--no-such-option",), ("--worker",), ("too", "much")])
def test_so_are_options_that_there_are_not(cli: Cli, queue: TaskQueue, arguments: tuple[str, ...]):
    """Which are refused before the command begins; other commands have 2 for it."""
    assert cli("health", *arguments).exit_code == 3
    assert cli("ledger", "--no-such-option").exit_code == 2


def test_so_are_a_url_that_is_none_and_a_wrong_file(cli: Cli, queue: TaskQueue, folder: Path):
    """The message says where it stands."""
    assert "redis://" in cli.error("health", "--database", "redis://host/queue", code=3)
    (folder / "musterq.toml").write_text("[health]\noldest = [1, 2, 3]\n")
    assert "musterq.toml, [health] oldest: oldest=[1, 2, 3] is no pair" in cli.error("health", code=3)
    (folder / "musterq.toml").write_text("[health]\nold = 1\n")
    assert "[health] has no option 'old'; the options are crashed, " in cli.error("health", code=3)


# -- one worker --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("state", "code", "word"), [("idle", 0, "OK"), ("draining", 1, "WARNING"), ("wedged", 2, "CRITICAL")]
)
def test_a_probe_of_one_worker(cli: Cli, queue: TaskQueue, state: str, code: int, word: str):
    """Alive and well, on its way out, or not well; others do not matter."""
    QueueMonitoring(queue.database).register_worker("another")
    lock = queue.storage.liveness_lock("worker-01")
    queue.storage.register("worker-01", "{}", WorkerFacts(host="host-1", pid=os.getpid()))
    pulse = Pulse(state=state, reason="because of that", since=queue.storage.clock.time())
    queue.storage.heartbeat("worker-01", pulse)
    result = cli("health", "--worker", "worker-01")
    assert result.exit_code == code
    assert result.stdout.startswith(f"{word}: ")
    assert ("worker-01 is alive and well" in result.stdout) == (code == 0)
    lock.release()


def test_a_worker_that_is_not_on_the_roll(cli: Cli, queue: TaskQueue):
    """It may not have started yet: critical for now."""
    result = cli("health", "--worker", "worker-01")
    assert result.exit_code == 2
    assert result.stdout.splitlines()[0] == "CRITICAL: 1 finding: unknown worker-01"
    assert "See who is: musterq workers" in result.stdout


def test_hostile_names_are_only_text(cli: Cli, queue: TaskQueue):
    """Whatever a worker is called, a finding is a line, and steers no terminal."""
    QueueMonitoring(queue.database).register_worker("a\n\x1b[31mb")
    result = cli("health", "--stale", "0")
    assert len(result.stdout.splitlines()) == 2
    assert "\x1b" not in result.stdout


def test_an_empty_file_is_no_queue_that_is_well(cli: Cli, tmp_path: Path):
    """One that was cut to nothing is told, and stays as it is."""
    cut = tmp_path / "cut.db"
    cut.touch()
    ran = cli("health", "--database", str(cut))
    assert ran.exit_code == 2
    assert "there is no queue in the empty file" in ran.stdout
    assert cut.stat().st_size == 0


def test_advice_tells_which_database_its_commands_want(cli: Cli, queue: TaskQueue, waiting: None, tmp_path: Path):
    """Where only the command line names the queue, a pasted command would act on another one."""
    link = tmp_path / "by another name.db"
    link.symlink_to(queue.database.location)
    assert f"want --database '{link}', too" in cli("health", "--database", str(link)).stderr
    assert cli("health", "--database", str(link), "--json").stderr == ""
    assert f"want --database '{link}', too" in cli("explain", "1", "--database", str(link)).stderr
    assert cli("health", "--database", queue.database.location).stderr == ""  # which the environment names
