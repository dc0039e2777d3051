"""Finding ``module:queue``, and what is said where that fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from musterq.queue.task_queue import TaskQueue
from musterq.worker.loading import WorkerLoadError, handled_types, load_queue

QUEUE = "from musterq.queue.task_queue import TaskQueue\nqueue = TaskQueue('queue.db')\n"
HANDLER = "@queue.task(type='mail')\ndef mail(): ...\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, whose modules are forgotten at the end."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_queue_in_the_current_folder_is_found(folder: Path) -> None:
    """The folder need not be installed nor on the path."""
    (folder / "shop_tasks.py").write_text(QUEUE + HANDLER)
    assert sorted(load_queue("shop_tasks:queue").definitions) == ["mail"]


def test_a_queue_in_a_package_or_in_an_object_is_found(folder: Path) -> None:
    """Dots lead into packages on the left, into objects on the right."""
    (folder / "shop").mkdir()
    (folder / "shop" / "jobs.py").write_text(QUEUE + HANDLER + "class App: q = queue\n")
    assert isinstance(load_queue("shop.jobs:App.q"), TaskQueue)


@pytest.mark.parametrize("target", ["shop_tasks", "shop_tasks:", ":queue", ""])
def test_a_target_without_both_parts_is_refused(target: str) -> None:
    """The message shows the form."""
    with pytest.raises(WorkerLoadError, match=r"names no queue; write MODULE:NAME"):
        load_queue(target)


def test_a_module_that_is_nowhere_is_named_with_the_places_looked_at(folder: Path) -> None:
    """The current folder, and the interpreter whose packages were searched."""
    with pytest.raises(WorkerLoadError) as refusal:
        load_queue("shop_tasks:queue")
    for part in ("there is no module 'shop_tasks'", str(folder), sys.executable):
        assert part in str(refusal.value)


def test_the_missing_part_of_a_dotted_name_is_named() -> None:
    """``shop.jobs`` is not there because ``shop`` is not."""
    with pytest.raises(WorkerLoadError, match=r"no module 'shop_x\.jobs' \(there is no 'shop_x'\)"):
        load_queue("shop_x.jobs:queue")


def test_a_path_instead_of_a_module_gets_the_right_name() -> None:
    """``shop/jobs.py`` is ``shop.jobs``."""
    for path in ("shop_x/jobs.py", "./shop_x/jobs.py", "../shop_x/jobs"):
        with pytest.raises(WorkerLoadError, match=r"named with dots and without \.py: shop_x\.jobs"):
            load_queue(f"{path}:queue")


def test_an_import_that_fails_inside_the_module_shows_where_and_why(folder: Path) -> None:
    """It is not said to be missing: what it imports is."""
    (folder / "shop_tasks.py").write_text("\nimport no_such_thing_here\n")
    with pytest.raises(
        WorkerLoadError, match=r"is there, but importing it failed at .*shop_tasks\.py:2 .*no_such_thing"
    ):
        load_queue("shop_tasks:queue")


@pytest.mark.parametrize(
    ("text", "said"),
    [("1 / 0", "ZeroDivisionError"), ("import sys; sys.exit(3)", "SystemExit: 3"), ("x = (", "SyntaxError: .*closed$")],
)
def test_any_error_of_the_module_is_shown(folder: Path, text: str, said: str) -> None:
    """Also when it ends the program."""
    (folder / "shop_tasks.py").write_text(text)
    with pytest.raises(WorkerLoadError, match=rf"shop_tasks\.py:1 with {said}"):
        load_queue("shop_tasks:queue")


def test_a_name_that_is_not_there_gets_a_list_of_the_queues_that_are(folder: Path) -> None:
    """And the file that was looked into."""
    (folder / "shop_tasks.py").write_text(QUEUE + HANDLER + "mails = queue\n")
    with pytest.raises(WorkerLoadError, match=r"no 'queu' in .*shop_tasks\.py; the queues there: mails, queue"):
        load_queue("shop_tasks:queu")


def test_something_else_than_a_queue_is_refused(folder: Path) -> None:
    """With what it is."""
    (folder / "shop_tasks.py").write_text("queue = 3\n")
    with pytest.raises(
        WorkerLoadError, match=r"'queue' in .*shop_tasks\.py is a int, not a TaskQueue; no queue is there"
    ):
        load_queue("shop_tasks:queue")


def test_a_queue_without_handlers_is_refused(folder: Path) -> None:
    """A worker would have nothing to do."""
    (folder / "shop_tasks.py").write_text(QUEUE)
    with pytest.raises(WorkerLoadError, match=r"shop_tasks:queue is a queue without handlers; decorate functions"):
        load_queue("shop_tasks:queue")


def test_types_that_nobody_handles_are_named_beside_those_that_are(folder: Path) -> None:
    """Before anything is claimed."""
    (folder / "shop_tasks.py").write_text(QUEUE + HANDLER)
    queue = load_queue("shop_tasks:queue")
    assert handled_types(queue, None) == handled_types(queue, ["mail"]) == {"mail"}
    with pytest.raises(WorkerLoadError, match=r"nobody handles 'fax', 'telex'; this queue has handlers for 'mail'"):
        handled_types(queue, ["telex", "mail", "fax"])
