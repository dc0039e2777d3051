"""``musterq init``."""

from pathlib import Path

from musterq import TaskQueue
from tests.cli.running import Cli


def test_creates_a_queue_that_can_be_used(cli: Cli):
    """After init the file is a queue."""
    assert cli.lines("init") == [f"{cli.database} is ready"]
    with TaskQueue(str(cli.database)).database as database:
        assert database.execute("SELECT count(*) FROM task_queue").fetchone()[0] == 0


def test_says_as_json_what_it_made(cli: Cli):
    """The document names the database."""
    assert cli.json("init") == {"database": str(cli.database), "initialized": True}


def test_running_it_again_keeps_every_task(cli: Cli, queue: TaskQueue):
    """A second init changes nothing."""
    task_id = queue.enqueue("thumbnail", {}).id
    assert cli("init").exit_code == 0
    assert queue.get(task_id) is not None


def test_the_database_option_wins_over_the_environment(cli: Cli, tmp_path: Path):
    """--database names another file than MUSTERQ_DATABASE."""
    other = tmp_path / "other.db"
    assert cli.lines("init", "--database", other) == [f"{other} is ready"]
    assert not cli.database.exists()


def test_a_file_that_is_no_database_is_refused_and_untouched(cli: Cli):
    """The error is one line, and the file stays as it was."""
    text = "these are my notes, not a database, and they are long enough to be one\n" * 20
    cli.database.write_text(text)
    assert str(cli.database) in cli.error("init", code=1)
    assert cli.database.read_text() == text


def test_a_missing_folder_is_named(cli: Cli, tmp_path: Path):
    """A database in a folder that is not there says which folder."""
    assert str(tmp_path / "nowhere") in cli.error("init", "--database", tmp_path / "nowhere" / "queue.db", code=1)


def test_an_unknown_kind_of_url_is_wrong_usage(cli: Cli):
    """A URL of another database is refused with the kinds that there are."""
    assert "postgresql://" in cli.error("init", "--database", "mysql://localhost/queue", code=2)
