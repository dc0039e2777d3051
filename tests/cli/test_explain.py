"""``musterq explain``."""

from __future__ import annotations

import pytest

from musterq import QueueMonitoring, TaskQueue
from tests.cli.past import run_into_an_error
from tests.cli.running import Cli


def test_one_reason_is_one_line(cli: Cli, queue: TaskQueue):
    """The summary says it all."""
    id = queue.enqueue("thumbnail", {}, delay=7_300).id
    QueueMonitoring(queue.database).register_worker("worker-01")
    (line,) = cli.lines("explain", id)
    assert line.startswith(f"task {id} (thumbnail) is scheduled: it is due at ")


def test_several_reasons_are_listed(cli: Cli, queue: TaskQueue):
    """The most decisive first, which the summary has, too."""
    id = queue.enqueue("thumbnail", {}).id
    queue.pause("thumbnail")
    summary, blank, title, first, second = cli.lines("explain", id)
    assert summary.endswith("end that with: musterq resume thumbnail (also: no workers)")
    assert (blank, title) == ("", "Reasons:")
    assert first.startswith("  - its type thumbnail is paused since ")
    assert second.startswith("  - no worker is alive")


def test_what_happened_to_it_follows(cli: Cli, queue: TaskQueue):
    """Attempts, tracebacks, and the log; and how to run it again, beside the result."""
    id = run_into_an_error(queue)
    result = cli("explain", id)
    parts = (
        "is failed: attempt 1 of 5 failed",
        "\nAttempts:\n",
        "\nTraceback of attempt 1:\n",
        "\nLast lines of its log:\n",
    )
    places = [result.stdout.index(part) for part in parts]
    assert places == sorted(places)
    assert result.stderr == f"run it again with: musterq retry {id}\n"


def test_what_was_taken_from_workers_is_shown(cli: Cli, queue: TaskQueue):
    """As the ledger has it."""
    id = queue.enqueue("thumbnail", {}).id
    queue.claim("worker-01")
    QueueMonitoring(queue.database).remove_worker("worker-01")
    lines = cli.lines("explain", id)
    below = lines[lines.index("Taken from workers, and finishes that came too late:") + 1 :]
    assert below[0].split()[:3] == ["AT", "(UTC)", "EVENT"]
    assert below[1].split()[2:] == ["rescued", "worker-01", "removed", "queued", "–"]


def test_the_document_is_that_of_the_method(cli: Cli, queue: TaskQueue):
    """The keys are those of explain."""
    id = run_into_an_error(queue)
    assert cli.json("explain", id) == QueueMonitoring(queue.database).explain(id)


def test_text_cannot_steer_a_terminal(cli: Cli, queue: TaskQueue):
    """Errors and tracebacks are text."""
    id = queue.enqueue("thumbnail", {}).id
    (claim,) = queue.claim("worker-01")
    queue.fail(claim, "\x1b[2Jfirst\nsecond", retry=False)
    result = cli("explain", id)
    assert "\x1b" not in result.output
    assert r"\x1b[2Jfirst\nsecond" in result.stdout.splitlines()[0]


def test_an_unknown_task_is_a_failure(cli: Cli, queue: TaskQueue):
    """There is no task: exit code 1, nothing on stdout."""
    assert "there is no task 17" in cli.error("explain", 17, code=1)


@pytest.mark.parametrize("id", ["seventeen", "0"])
def test_what_can_be_no_id_is_wrong_usage(cli: Cli, queue: TaskQueue, id: str):
    """As of every command."""
    assert cli("explain", id).exit_code == 2
