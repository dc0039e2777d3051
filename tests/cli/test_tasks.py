"""``musterq tasks`` and ``musterq task``."""

import json
import re

import msgspec
import pytest

from musterq import RetryPolicy, TaskQueue
from musterq.models import Task, TaskStatus
from tests.cli.past import run_into_an_error
from tests.cli.running import Cli


def test_lists_the_newest_first(cli: Cli, queue: TaskQueue):
    """A title, then a line per task."""
    first, second = (queue.enqueue(name, {}).id for name in ("thumbnail", "mail"))
    titles, *rows = cli.lines("tasks")
    assert titles.split() == ["ID", "TYPE", "STATUS", "PRIORITY", "ATTEMPTS", "AGE", "NOTE"]
    assert [row.split()[:5] for row in rows] == [
        [str(second), "mail", "queued", "100", "0/5"],
        [str(first), "thumbnail", "queued", "100", "0/5"],
    ]


def test_shows_only_what_was_asked_for(cli: Cli, queue: TaskQueue, failed: int):
    """Status and type narrow the list."""
    queue.enqueue("thumbnail", {})
    queue.enqueue("mail", {})
    document = cli.json("tasks", "--status", "failed", "--type", "thumbnail")
    assert [item["id"] for item in document["items"]] == [failed]


def test_a_failed_task_shows_its_error(cli: Cli, failed: int):
    """The note is what one wants to know next."""
    assert cli.lines("tasks")[1].endswith("no such file")


def test_a_running_task_shows_its_worker(cli: Cli, queue: TaskQueue):
    """The note says who is at it."""
    queue.enqueue("thumbnail", {})
    queue.claim("worker-01")
    assert cli.lines("tasks")[1].endswith("at worker-01")


def test_a_scheduled_task_shows_when_it_is_due(cli: Cli, queue: TaskQueue):
    """The note says how long it still waits."""
    queue.enqueue("thumbnail", {}, delay=7_300)
    assert cli.lines("tasks")[1].endswith("due in 2 h")


def test_a_held_task_shows_what_it_waits_for(cli: Cli, queue: TaskQueue):
    """Else nobody could see why no worker takes it."""
    for _ in range(2):
        queue.enqueue("sync", {}, concurrency_key="user:7")
    second, first = cli.lines("tasks")[1:]
    assert second.endswith("waits for others of its concurrency key user:7")
    assert "waits" not in first


def test_a_follower_that_was_cancelled_shows_no_moment(cli: Cli, queue: TaskQueue):
    """It would have started when the task before it was completed; the date that says so is nobody's."""
    last = queue.chain(queue.part("fetch", {}), queue.part("count", {}))
    (claim,) = queue.claim("worker-01")
    queue.fail(claim, "no", retry=False)
    shown = cli("task", last.id).stdout
    assert "cancelled" in shown
    assert "9999" not in shown


def test_a_long_error_is_whole_and_on_one_line(cli: Cli, queue: TaskQueue):
    """Into a pipe nothing is cut, and a row stays a row."""
    queue.enqueue("thumbnail", {})
    (claim,) = queue.claim("worker-01")
    queue.fail(claim, "first line\n" + "x" * 500, retry=False)
    _, row = cli.lines("tasks")
    assert row.endswith("first line\\n" + "x" * 500)


def test_text_cannot_steer_a_terminal(cli: Cli, queue: TaskQueue):
    """Escape sequences in a task's error are shown as text."""
    queue.enqueue("thumbnail", {})
    (claim,) = queue.claim("worker-01")
    queue.fail(claim, "\x1b[2J\x1b]0;owned\x07 [bold]text[/bold]", retry=False)
    result = cli("tasks")
    assert "\x1b" not in result.output
    assert r"\x1b[2J\x1b]0;owned\x07 [bold]text[/bold]" in result.stdout


def test_what_is_so_is_a_yes(cli: Cli, queue: TaskQueue):
    """And what is not so is left out."""
    id = queue.enqueue("thumbnail", {}).id
    queue.claim("worker-01")
    queue.cancel(id)
    assert re.search(r"^cancel requested +yes$", cli("task", id).stdout, re.MULTILINE)
    assert "suspect" not in cli("task", id).stdout


def test_pages_follow_each_other(cli: Cli, queue: TaskQueue):
    """The cursor of a page starts the next, until there is none."""
    ids = [queue.enqueue("thumbnail", {}).id for _ in range(5)]
    seen, cursor = [], None
    while True:
        page = cli.json("tasks", "--limit", 2, *(["--after", cursor] if cursor is not None else []))
        seen += [item["id"] for item in page["items"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert seen == ids[::-1]


def test_says_how_to_see_more_on_stderr(cli: Cli, queue: TaskQueue):
    """The hint stays out of the way of pipes."""
    for _ in range(3):
        queue.enqueue("thumbnail", {})
    result = cli("tasks", "--limit", 2)
    assert len(result.stdout.splitlines()) == 3
    assert "--after" in result.stderr


def test_an_empty_list_is_a_success(cli: Cli, queue: TaskQueue):
    """No tasks is an answer."""
    assert cli.json("tasks") == {"items": [], "cursor": None}
    assert "no such tasks" in cli("tasks").stderr


def test_an_item_has_every_key_of_a_task(cli: Cli, queue: TaskQueue):
    """The keys are the columns, and JSON is decoded."""
    queue.enqueue("thumbnail", {"path": "a.png"}, compatibility={"gpu": True})
    (item,) = cli.json("tasks")["items"]
    assert set(item) == {field.name for field in msgspec.structs.fields(Task)}
    assert (item["payload"], item["compatibility"]) == ({"path": "a.png"}, {"gpu": True})
    assert (item["result"], item["cancel_requested"]) == (None, False)


def test_an_unknown_status_is_wrong_usage_and_names_the_known_ones(cli: Cli, queue: TaskQueue):
    """The message lists what can be asked for."""
    result = cli("tasks", "--status", "done")
    assert result.exit_code == 2
    assert all(status.value in result.stderr for status in TaskStatus)


def test_a_cursor_that_no_page_gave_is_wrong_usage(cli: Cli, queue: TaskQueue):
    """--after wants the cursor of a page."""
    result = cli("tasks", "--after", "yesterday")
    assert result.exit_code == 2
    assert "yesterday" in result.stderr


def test_one_task_shows_everything(cli: Cli, queue: TaskQueue, failed: int):
    """Type, attempts, error and the payload, spread out."""
    lines = cli.lines("task", failed)
    facts = dict(line.split(maxsplit=1) for line in lines if not line.startswith(" ") and len(line.split()) > 1)
    assert (facts["id"], facts["type"], facts["status"]) == (str(failed), "thumbnail", "failed")
    assert facts["attempts"] == "1 of 5"
    assert "no such file" in "\n".join(lines)
    assert '  "path": "a.png"' in "\n".join(lines)


def test_one_task_as_json_is_the_item_of_the_list(cli: Cli, queue: TaskQueue, failed: int):
    """With what happened to it beside that."""
    document = cli.json("task", failed)
    past = {name: document.pop(name) for name in ("past_attempts", "rescues", "logs")}
    assert document == cli.json("tasks")["items"][0]
    assert [(attempt["outcome"], attempt["error"]) for attempt in past["past_attempts"]] == [("failed", "no such file")]
    assert (past["rescues"], past["logs"]) == ([], [])


def test_one_task_shows_its_attempts_and_its_log(cli: Cli, queue: TaskQueue):
    """With the traceback of the error, and that of a line of the log."""
    task_id = run_into_an_error(queue)
    shown = cli("task", task_id).stdout
    assert re.search(r"^ +1  failed +worker-01 .* ValueError: no such file$", shown, re.MULTILINE)
    assert "\nTraceback of attempt 1:\n  Traceback (most recent call last):\n" in shown
    assert re.search(r"^  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  INFO  page 1\\npage 2$", shown, re.MULTILINE)
    assert "\n    at the top\n" in shown


def test_attempts_in_a_row_that_failed_alike_show_one_traceback(cli: Cli, queue: TaskQueue):
    """A task that was tried a hundred times fills no hundred screens."""

    @queue.task(max_attempts=3, retry=RetryPolicy(initial_seconds=0, jitter=0))
    def thumbnail() -> None:
        raise FileNotFoundError("a.png")

    task_id = thumbnail.enqueue().id
    queue.drain()
    shown = cli("task", task_id).stdout
    assert re.findall(r"^Traceback of .*", shown, re.MULTILINE) == ["Traceback of attempts 1 to 3:"]


def test_a_task_that_nobody_has_tried_shows_no_attempts(cli: Cli, queue: TaskQueue):
    """Nor a log."""
    task_id = queue.enqueue("thumbnail", {}).id
    shown = cli("task", task_id).stdout
    assert not re.search("Attempts:|log|Taken", shown)


def test_a_payload_that_is_not_json_is_shown_as_it_stands(cli: Cli, queue: TaskQueue):
    """Plain SQL can put in anything; it can be looked at."""
    queue.database.execute("INSERT INTO task_queue (type, payload) VALUES ('mail', '{broken')")
    (item,) = cli.json("tasks")["items"]
    assert item["payload"] == "{broken"
    assert any("{broken" in line for line in cli.lines("task", item["id"]))


def test_an_unknown_task_is_a_failure(cli: Cli, queue: TaskQueue):
    """There is no task: exit code 1, nothing on stdout."""
    assert "there is no task 17" in cli.error("task", 17, code=1)


@pytest.mark.parametrize("id", ["seventeen", "0", "1.5", str(2**63)])
def test_what_can_be_no_id_is_wrong_usage(cli: Cli, queue: TaskQueue, id: str):
    """Ids are positive whole numbers that fit the database."""
    result = cli("task", id)
    assert result.exit_code == 2
    assert id in result.stderr


def test_json_is_plain_ascii(cli: Cli, queue: TaskQueue):
    """Any locale and any pipe carries the document."""
    queue.enqueue("thumbnail", {"path": "ä.png"})
    result = cli("tasks", "--json")
    assert result.stdout.isascii()
    assert json.loads(result.stdout)["items"][0]["payload"] == {"path": "ä.png"}
