"""``musterq enqueue``."""

import json

import pytest

from musterq import TaskQueue
from tests.cli.running import Cli


def test_puts_a_task_into_the_queue(cli: Cli, queue: TaskQueue):
    """The payload is JSON on the command line."""
    (line,) = cli.lines("enqueue", "thumbnail", '{"path": "ä.png"}')
    (task,) = queue.find()
    assert line == f"task {task.id} is in the queue"
    assert (task.type, task.get_payload_dict()) == ("thumbnail", {"path": "ä.png"})


def test_without_a_payload_the_handler_gets_no_arguments(cli: Cli, queue: TaskQueue):
    """No payload is an empty object."""
    cli.lines("enqueue", "cleanup")
    assert queue.find()[0].payload == "{}"


def test_every_option_arrives(cli: Cli, queue: TaskQueue):
    """What the options say stands in the task."""
    options = ["--priority", "5", "--delay", "60", "--key", "c-128", "--max-attempts", "3", "--timeout", "30"]
    document = cli.json("enqueue", "thumbnail", "{}", *options, "--compatibility", '{"gpu": true}')
    task = queue.get(document["id"])
    assert (task.priority, task.status, task.idempotency_key, task.max_attempts) == (5, "scheduled", "c-128", 3)
    assert task.timeout_seconds == 30
    assert task.get_compatibility_dict() == {"gpu": True}


def test_the_limits_of_a_task_arrive(cli: Cli, queue: TaskQueue):
    """How long it may take, and how many with its key run at once."""
    limits = ["--hard-timeout", "90", "--concurrency-key", "user:7", "--concurrency-limit", "2"]
    first, second, third = (cli.json("enqueue", "sync", *limits)["id"] for _ in range(3))
    assert [queue.get(task_id).held for task_id in (first, second, third)] == [False, False, True]
    assert queue.get(third).concurrency_key == "user:7"
    assert queue.get(third).hard_timeout_seconds == 90


def test_reads_the_payload_from_stdin(cli: Cli, queue: TaskQueue):
    """A dash stands for stdin."""
    document = cli.json("enqueue", "thumbnail", "-", stdin='{"path": "from stdin"}\n')
    assert queue.get(document["id"]).get_payload_dict() == {"path": "from stdin"}


def test_makes_the_database_if_there_is_none(cli: Cli):
    """The first task needs no init."""
    assert cli.json("enqueue", "thumbnail") == {"id": 1, "created": True}


def test_a_key_that_is_there_already_adds_nothing(cli: Cli, queue: TaskQueue):
    """The second enqueue names the first task."""
    first = cli.json("enqueue", "thumbnail", "--key", "once")
    assert cli.json("enqueue", "thumbnail", "--key", "once") == {"id": first["id"], "created": False}
    assert cli.lines("enqueue", "thumbnail", "--key", "once") == [
        f"task {first['id']} has the key once already; nothing was added"
    ]
    assert len(queue.find()) == 1


def test_a_payload_that_is_no_json_is_shown_with_the_place(cli: Cli):
    """The error says line and column, and shows what stands there."""
    line = cli.error("enqueue", "thumbnail", '{\n "a": 1\n "b": 2}', code=2)
    assert "the payload is not JSON" in line
    assert "line 3, column 2" in line
    assert not cli.database.exists()


def test_a_compatibility_that_is_no_json_names_its_option(cli: Cli):
    """With two pieces of JSON on the command line, the error says which."""
    assert "--compatibility is not JSON" in cli.error("enqueue", "thumbnail", "--compatibility", "gpu", code=2)


def test_an_empty_stdin_says_so(cli: Cli):
    """Nothing on stdin is not JSON."""
    assert "it is empty" in cli.error("enqueue", "thumbnail", "-", stdin="", code=2)


def test_stdin_in_another_encoding_says_where(cli: Cli):
    """What is not UTF-8 is refused with the place of the byte."""
    line = cli.error("enqueue", "thumbnail", "-", stdin='{"a": "ä"}'.encode("latin-1"), code=2)
    assert "byte 7" in line


def test_a_payload_nested_too_deep_is_refused(cli: Cli):
    """Depth is an error of the caller, not a crash."""
    deep = "[" * 200_000 + "]" * 200_000
    assert "nested" in cli.error("enqueue", "thumbnail", "-", stdin=deep, code=2)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["thumbnail", "--priority", "1001"], "priority"),
        (["thumbnail", "--delay", "-1"], "delay"),
        (["thumbnail", "--max-attempts", "0"], "max_attempts"),
        (["thumbnail", "--hard-timeout", "0"], "hard_timeout"),
        (["thumbnail", "--concurrency-key", "k", "--concurrency-limit", "0"], "concurrency_limit"),
        (["thumbnail", "--concurrency-limit", "2"], "concurrency_key"),
        (["thumbnail", "--compatibility", '{"ram": {"least": 3}}'], "least"),
        (["thumbnail", "NaN"], "NaN"),
        ([""], "type"),
    ],
)
def test_what_the_queue_refuses_is_wrong_usage(cli: Cli, queue: TaskQueue, arguments: list[str], word: str):
    """The queue's own message is shown, and nothing is written."""
    assert word.lower() in cli.error("enqueue", *arguments, code=2).lower()
    assert queue.find() == []


def test_the_document_has_two_keys(cli: Cli):
    """Scripts rely on id and created."""
    result = cli("enqueue", "thumbnail", "--json")
    assert list(json.loads(result.stdout)) == ["id", "created"]
