"""What the documents tell a reader to do works as it stands there."""

from __future__ import annotations

from pathlib import Path

import pytest

from musterq import TaskQueue
from tests.docs.documents import ALL_DOCUMENTS, DOCUMENTS, blocks_in, blocks_of, section
from tests.docs.reader import LEFT_OUT, Reader, commands_of, joined, matches

#: Documents whose programs go on with the names of those above them; elsewhere each stands for itself.
ONE_PROGRAM = {"docs/monitoring.md", "docs/reference.md", "docs/workflows.md"}
HAVE_PROGRAMS = [name for name in DOCUMENTS if any(block.language for block in blocks_of(name))]
#: The patterns of the guide are functions and a class: a program that uses each.
USES_THE_PATTERNS = """
import os
import threading


def stop_it_when_it_works():
    while monitoring.get_worker("worker-01") is None:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGTERM)


threading.Thread(target=stop_it_when_it_works).start()
run(monitoring)
monitoring.register_worker("silent")
db.execute("UPDATE workers SET heartbeat_utc = '2020-01-01 00:00:00'")
assert not healthy(monitoring)
assert remove_stale_workers(monitoring) == 1
assert healthy(monitoring)
print_metrics(monitoring)
worker = OwnWorker("worker-01", monitoring)
os.kill(os.getpid(), signal.SIGTERM)
worker.run()
"""


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    """A reader with an empty folder."""
    return Reader(tmp_path)


@pytest.mark.parametrize("document", HAVE_PROGRAMS)
def test_every_block_runs_word_for_word(reader: Reader, document: str) -> None:
    """Files are saved, programs run, commands succeed, and what is shown as printed is printed."""
    blocks = blocks_of(document)
    if document in ONE_PROGRAM:
        reader.run_python(joined(blocks))
        blocks = [block for block in blocks if block.language != "python" or block.file is not None]
    reader.follow(blocks)


def test_the_five_minutes_end_with_all_the_work_done(reader: Reader, tmp_path: Path) -> None:
    """The mail waits for a worker that can send it, and the delayed thumbnail for its time."""
    reader.follow(blocks_in("README.md", section("README.md", "Five minutes")))
    with TaskQueue(tmp_path / "shop.db") as queue:
        assert [(task.type, task.status) for task in queue.find()] == [
            ("mail", "completed"),
            ("thumbnail", "scheduled"),
            ("thumbnail", "completed"),
        ]


def test_the_patterns_of_the_guide_do_what_they_are_for(reader: Reader, tmp_path: Path) -> None:
    """A check that tells, a clean-up that cleans, an export that prints, and a worker that leaves in order."""
    guide = joined(blocks_of("docs/monitoring.md"))
    reader.run_python(guide._replace(text=guide.text + USES_THE_PATTERNS))
    with TaskQueue(tmp_path / "queue.db") as queue:
        assert queue.database.execute("SELECT count(*) FROM workers").fetchone()[0] == 0


def test_sql_leaves_the_queue_as_it_says(reader: Reader, tmp_path: Path) -> None:
    """The tasks that were put in are cancelled, and counted as such."""
    reader.follow(block for block in blocks_of("docs/sqlite.md") if block.language == "sql")
    with TaskQueue(tmp_path / "queue.db") as queue:
        assert [(task.type, task.status) for task in queue.find()] == [("thumbnail", "cancelled")]


@pytest.mark.parametrize("document", ALL_DOCUMENTS)
def test_no_block_is_of_a_kind_that_nobody_runs(document: str) -> None:
    """A fence without a language is a drawing; any other must be tried."""
    unknown = [
        b.place for b in blocks_of(document) if b.language not in ("", "python", "console", "sql") and b.file is None
    ]
    assert unknown == []


def test_what_is_left_out_is_in_the_documents() -> None:
    """A command that is no longer there needs no excuse."""
    commands = {
        command
        for document in DOCUMENTS
        for block in blocks_of(document)
        if block.language == "console"
        for command, _ in commands_of(block.text)
    }
    assert set(LEFT_OUT) <= commands


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("```console\n$ false\n```\n", "ended with 1"),
        ("```console\n$ echo one\ntwo\n```\n", "printed\none"),
        ("```python\nprint(1 + 1)  # 3\n```\n", r"printed \['2'\]"),
        ("```python\nraise SystemExit(3)\n```\n", "ended with 3"),
    ],
)
def test_a_document_that_is_wrong_is_caught(reader: Reader, text: str, complaint: str) -> None:
    """The place comes first, then what happened instead."""
    with pytest.raises(AssertionError, match=rf"(?s)wrong\.md:2.*{complaint}"):
        reader.follow(blocks_in("wrong.md", text))


def test_a_block_below_the_name_of_a_file_is_saved() -> None:
    """Only where the sentence right above it names the file and ends in a colon."""
    text = "Write `shop.py`:\n\n```python\na\n```\n\nRun `shop.py`.\n\n```python\nb\n```\n"
    assert [(block.line, block.file) for block in blocks_in("some.md", text)] == [(4, "shop.py"), (10, None)]


def test_three_dots_stand_for_anything() -> None:
    """Also for several lines."""
    assert matches("a ...\nz", "a b\nc\nz\n")
    assert not matches("a", "b")
