"""Which files a worker under development is started anew for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from musterq.worker.code_watch import CodeWatch


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("package", ".hidden", "node_modules", "package/__pycache__", "env"):
        (tmp_path / name).mkdir()
    (tmp_path / "env" / "pyvenv.cfg").touch()
    (tmp_path / "package" / "tasks.py").write_text("a")
    return tmp_path


def test_nothing_changed(folder: Path) -> None:
    """Then there is nothing to tell."""
    assert CodeWatch(folder).changed() is None


def test_a_change_is_told_once(folder: Path) -> None:
    """With the file's path from the folder."""
    watch = CodeWatch(folder)
    os.utime(folder / "package" / "tasks.py", ns=(1, 1))
    assert watch.changed() == Path("package/tasks.py")
    assert watch.changed() is None


def test_files_that_come_and_go_are_changes(folder: Path) -> None:
    """Their importers may behave differently."""
    watch = CodeWatch(folder)
    (folder / "new.py").touch()
    assert watch.changed() == Path("new.py")
    (folder / "new.py").unlink()
    assert watch.changed() == Path("new.py")


@pytest.mark.parametrize(
    "name",
    ["notes.txt", ".hidden/a.py", ".swap.py", "node_modules/a.py", "package/__pycache__/a.py", "env/a.py"],
)
def test_what_is_no_code_of_the_project_is_left_out(folder: Path, name: str) -> None:
    """Other files, hidden ones, caches, and whole environments."""
    watch = CodeWatch(folder)
    (folder / name).touch()
    assert watch.changed() is None


def test_links_to_nowhere_and_in_circles_are_no_matter(folder: Path) -> None:
    """Editors make the former, and some projects the latter."""
    (folder / "lock.py").symlink_to("nobody@host.123")
    (folder / "package" / "again").symlink_to(folder)
    assert CodeWatch(folder).changed() is None
