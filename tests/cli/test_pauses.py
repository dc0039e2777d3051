"""``musterq pause`` and ``musterq resume``."""

from musterq import TaskQueue
from tests.cli.running import Cli


def test_a_paused_type_is_not_claimed(cli: Cli, queue: TaskQueue):
    """Other types are."""
    queue.enqueue("thumbnail", {})
    mail = queue.enqueue("mail", {}).id
    assert cli.lines("pause", "thumbnail") == ["thumbnail is paused; go on with: musterq resume thumbnail"]
    assert [claim.task_id for claim in queue.claim("worker-01", limit=10)] == [mail]


def test_a_resumed_type_is_claimed_again(cli: Cli, queue: TaskQueue):
    """The pause leaves nothing behind."""
    id = queue.enqueue("thumbnail", {}).id
    queue.pause("thumbnail")
    assert cli.lines("resume", "thumbnail") == ["thumbnail is resumed"]
    assert [claim.task_id for claim in queue.claim("worker-01")] == [id]


def test_resuming_what_was_not_paused_is_no_error(cli: Cli, queue: TaskQueue):
    """What was wanted is so."""
    assert cli.lines("resume", "thumbnail") == ["thumbnail was not paused"]


def test_both_answer_in_json(cli: Cli, queue: TaskQueue):
    """The document says how it is now."""
    assert cli.json("pause", "mail") == {"type": "mail", "paused": True}
    assert cli.json("resume", "mail") == {"type": "mail", "paused": False}


def test_an_empty_type_is_wrong_usage(cli: Cli, queue: TaskQueue):
    """The queue's own message is shown."""
    assert "type" in cli.error("pause", "", code=2)
