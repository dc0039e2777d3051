"""``musterq doctor``."""

from __future__ import annotations

import json
from pathlib import Path

from musterq import QueueMonitoring, TaskQueue
from tests.cli.running import Cli


def test_all_is_well(cli: Cli, queue: TaskQueue):
    """Sections of facts, and a last line that sums them up; exit code 0."""
    lines = cli.lines("doctor")
    assert [line for line in lines if not line.startswith(" ")][:2] == ["versions", "file"]
    assert lines[-1] == "OK: all is well"
    assert any("sound" in line for line in lines)


def test_as_a_document(cli: Cli, queue: TaskQueue):
    """The facts of QueueMonitoring.examine, those of them that stand still."""
    document = cli.json("doctor", "--deep")
    assert document["status"] == "ok"
    assert [fact["fact"] for fact in document["facts"]] == [
        fact["fact"] for fact in QueueMonitoring(queue.database).examine(deep=True)
    ]


def test_what_is_critical_has_its_exit_code_and_its_remedy(cli: Cli, queue: TaskQueue):
    """A trigger that somebody dropped is named."""
    queue.database.execute("DROP TRIGGER task_admitted")
    result = cli("doctor")
    assert result.exit_code == 2
    assert "trigger task_admitted of task_queue is missing" in result.stdout
    assert "musterq verify --repair" in result.stdout
    assert result.stdout.splitlines()[-1] == "CRITICAL: schema"
    queue.database.storage.repair()
    assert cli("doctor").exit_code == 0


def test_a_warning_has_its_exit_code(cli: Cli, queue: TaskQueue):
    """Beats of a machine whose clock is ahead."""
    QueueMonitoring(queue.database).register_worker("worker-01")
    queue.database.execute("UPDATE workers SET heartbeat_utc = '2999-01-01 00:00:00.000'")
    result = cli("doctor", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["status"] == "warning"


def test_what_cannot_be_read_is_critical(cli: Cli, tmp_path: Path):
    """As for a probe: a file that is not there, or no database."""
    missing = cli("doctor")
    assert missing.exit_code == 2
    assert "there is no queue at" in missing.stdout
    cli.database.write_bytes(b"not a database" * 1000)
    broken = cli("doctor")
    assert broken.exit_code == 2
    assert "not a database" in broken.stdout


def test_wrong_usage_is_no_verdict(cli: Cli, queue: TaskQueue):
    """It has an exit code of its own."""
    assert cli("doctor", "--nonsense").exit_code == 3
    assert cli("doctor", "--database", "nothing://at.all").exit_code == 3
