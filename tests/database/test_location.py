"""Which database a QueueDatabase opens, and when."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from musterq.data_folder import data_folder
from musterq.database import QueueDatabase
from musterq.errors import QueueDatabaseError
from musterq.monitoring import QueueMonitoring

HOME = Path("/home/ada")


@pytest.fixture
def nothing_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without MUSTERQ_DATABASE whose home is empty; returns the folder that is his by default."""
    monkeypatch.delenv("MUSTERQ_DATABASE", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "AppData" / "Local"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return data_folder(sys.platform, os.environ, tmp_path)


@pytest.mark.parametrize(
    ("platform", "environment", "folder"),
    [
        ("linux", {}, HOME / ".local/share/musterq"),
        ("linux", {"XDG_DATA_HOME": "/data"}, Path("/data/musterq")),
        ("linux", {"XDG_DATA_HOME": ""}, HOME / ".local/share/musterq"),
        ("linux", {"XDG_DATA_HOME": "relative"}, HOME / ".local/share/musterq"),
        ("freebsd14", {}, HOME / ".local/share/musterq"),
        ("darwin", {"XDG_DATA_HOME": "/data"}, HOME / "Library/Application Support/musterq"),
        ("win32", {"LOCALAPPDATA": "/local"}, Path("/local/musterq")),
        ("win32", {}, HOME / "AppData/Local/musterq"),
    ],
)
def test_the_data_folder_of_a_user(platform: str, environment: dict[str, str], folder: Path) -> None:
    """Each system's own place; an empty or relative XDG_DATA_HOME counts as none."""
    assert data_folder(platform, environment, HOME) == folder


def test_without_a_name_it_is_the_users_own(nothing_named: Path) -> None:
    """Its folder is made at first use, for this user alone."""
    with QueueDatabase() as database:
        assert database.location == str(nothing_named / "queue.db")
        assert not nothing_named.exists()
        database.initialize_schema()
        assert (nothing_named / "queue.db").is_file()
    if sys.platform != "win32":
        assert stat.S_IMODE(nothing_named.stat().st_mode) == 0o700


def test_without_a_name_the_environment_names_it(
    nothing_named: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MUSTERQ_DATABASE is read when the object is made."""
    monkeypatch.setenv("MUSTERQ_DATABASE", str(tmp_path / "named.db"))
    with QueueDatabase() as database:
        assert database.location == str(tmp_path / "named.db")
    assert not nothing_named.exists()


def test_an_empty_environment_variable_names_nothing(nothing_named: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it were not set."""
    monkeypatch.setenv("MUSTERQ_DATABASE", "")
    with QueueDatabase() as database:
        assert database.location == str(nothing_named / "queue.db")


def test_an_argument_goes_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names a database means it."""
    monkeypatch.setenv("MUSTERQ_DATABASE", str(tmp_path / "other.db"))
    with QueueDatabase(tmp_path / "mine.db") as database:
        assert database.location == str(tmp_path / "mine.db")


def test_a_data_folder_that_cannot_be_made_is_said(nothing_named: Path) -> None:
    """The message says where, and what else to do."""
    nothing_named.parent.parent.mkdir(parents=True, exist_ok=True)
    nothing_named.parent.write_text("a file is in the way")
    with QueueDatabase() as database, pytest.raises(QueueDatabaseError, match="MUSTERQ_DATABASE") as caught:
        database.initialize_schema()
    assert str(nothing_named) in str(caught.value)
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize("form", ["text", "path", "absolute URL", "relative URL", "relative path"])
def test_every_form_of_a_path_opens_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """The location is absolute in the end."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "queue.db"
    database = {
        "text": str(file),
        "path": file,
        "absolute URL": f"sqlite:///{file}",
        "relative URL": "sqlite:///queue.db",
        "relative path": "queue.db",
    }[form]
    with QueueDatabase(database) as opened:
        opened.initialize_schema()
        assert opened.location == str(file)
    assert file.is_file()


def test_a_relative_path_is_that_of_the_time_it_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that changes its folder later works on the same file."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with QueueDatabase("queue.db") as database:
        monkeypatch.chdir(tmp_path / "elsewhere")
        database.initialize_schema()
    assert (tmp_path / "queue.db").is_file()
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("name", ["with space.db", "ü-日本.db", "100%.db", "a?b.db", "a#b.db", "quote'.db"])
def test_any_file_name_is_only_a_name(tmp_path: Path, name: str) -> None:
    """Nothing in it is read as part of a URI."""
    with QueueDatabase(tmp_path / name) as database:
        database.initialize_schema()
        QueueMonitoring(database).register_worker("worker-01")
    assert (tmp_path / name).is_file()
    assert {path.name.removeprefix(name) for path in tmp_path.iterdir()} <= {"", "-wal", "-shm", "-turn", "-workers"}


def test_making_one_touches_nothing(tmp_path: Path) -> None:
    """Not the file, nor a side file; not even where it could not be opened."""
    QueueDatabase(tmp_path / "queue.db").close()
    QueueDatabase(tmp_path / "missing" / "queue.db").close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("database", [7, b"queue.db", object(), ["queue.db"]])
def test_what_is_no_path_is_a_type_error(database: object) -> None:
    """At once, by the constructor."""
    with pytest.raises(TypeError):
        QueueDatabase(database)  # type: ignore[arg-type]


@pytest.mark.parametrize("database", ["", "mysql://host/queue", "redis://host/0", "nul\0.db"])
def test_what_names_no_database_is_a_value_error(database: str) -> None:
    """At once, by the constructor; the message says what may be given."""
    with pytest.raises(ValueError, match=r"postgresql|path|empty"):
        QueueDatabase(database)


@pytest.mark.parametrize(
    "options", [{"durability": "none"}, {"busy_timeout": -1}, {"busy_timeout": float("nan")}, {"busy_timeout": "30"}]
)
def test_options_are_checked_by_the_constructor(tmp_path: Path, options: dict[str, object]) -> None:
    """Before anything is opened."""
    with pytest.raises((TypeError, ValueError), match=next(iter(options))):
        QueueDatabase(tmp_path / "queue.db", **options)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_its_repr_says_where_it_is(tmp_path: Path) -> None:
    """For logs and debuggers."""
    with QueueDatabase(tmp_path / "queue.db") as database:
        assert repr(database) == f"QueueDatabase({str(tmp_path / 'queue.db')!r})"


@pytest.mark.skipif(sys.platform == "win32", reason="users without a home are POSIX")
@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become a user without a home"
)
def test_a_user_without_a_home_is_told_to_name_a_database(tmp_path: Path) -> None:
    """A service account may have none, and no HOME either."""
    code = "import os; from musterq.database import QueueDatabase; os.setuid(54321); QueueDatabase()"
    process = subprocess.run(
        [sys.executable, "-c", code], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False
    )
    assert process.returncode == 1
    assert (
        "QueueDatabaseError: this user has no home folder; name a database, or set MUSTERQ_DATABASE" in process.stderr
    )
