"""What the documents say of the project's files is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from musterq.storage.sqlite import checkpointing
from tests.docs.documents import ALL_DOCUMENTS, DOCUMENTS, ROOT, section, text_of

PACKAGE = ROOT / "src" / "musterq"
ARCHITECTURE = "docs/architecture.md"
#: Layers that the contract keeps a place for, and that are not there yet.
PARTS = {"queue", "worker", "storage/sqlite", "storage/sqlite/upkeep"}

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FILE = re.compile(r"`((?:[\w*]+/)*[\w*]+\.(?:py|sql|toml)|(?:[\w.]+/)+)`")


def anchors_of(document: str) -> set[str]:
    """What links into a document may name: its headings, in lower case, with hyphens, without punctuation."""
    headings = re.findall(r"^#+ (.+)$", text_of(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def files_named(text: str) -> list[str]:
    """The files and folders that stand in backticks."""
    return _FILE.findall(text)


def is_there(name: str, base: Path) -> bool:
    """Whether a path (a pattern, or a bare name of a file anywhere) exists below a folder."""
    path = name.rstrip("/")
    found = base.glob(path) if "/" in path else base.rglob(path)
    return any(True for _ in found)


@pytest.mark.parametrize("document", ALL_DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    """To a file of the project, and to a heading in it."""
    for link in _LINK.findall(text_of(document)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / document).parent / path if path else ROOT / document
        assert target.exists(), f"{document} links to {link}"
        if anchor:
            assert anchor in anchors_of(str(target.resolve().relative_to(ROOT))), f"{document} links to {link}"


def test_the_readme_leads_to_every_document() -> None:
    """Nobody must know that there is a folder of documents."""
    linked = set(_LINK.findall(text_of("README.md")))
    assert {*DOCUMENTS, "CONTRIBUTING.md", "CHANGELOG.md"} - {"README.md"} <= linked


def test_every_file_that_the_architecture_names_is_there() -> None:
    """Names outlive files easily."""
    named = files_named(text_of(ARCHITECTURE))
    missing = [name for name in named if not (is_there(name, PACKAGE) or is_there(name, ROOT))]
    assert named
    assert missing == []


@pytest.mark.parametrize("part", sorted(PARTS))
def test_the_architecture_names_every_file_of_a_part(part: str) -> None:
    """The list of files is the map that a newcomer reads."""
    table = section(ARCHITECTURE, "The files").split(f"| in `{part}/` |")[1].split("\n\n")[0]
    there = {path.name for path in (PACKAGE / part).glob("*.py")} - {"__init__.py"}
    assert {name for name in files_named(table) if "/" not in name} == there


def test_the_layers_are_those_that_the_contract_holds() -> None:
    """In the same order, without those that are not there yet."""
    contract = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"][0]["layers"]
    held = [[name for name in re.findall(r"\w+", layer) if is_module(name)] for layer in contract]
    drawn = section(ARCHITECTURE, "Layers").split("```\n")[1].splitlines()
    shown = [re.findall(r"\w+", re.split(r" {2,}", line)[0]) for line in drawn]
    assert shown == [layer for layer in held if layer]


def test_the_sizes_of_the_log_are_those_of_the_code() -> None:
    """Where a checkpoint is due, where it is urgent, and on which SQLite it needs the write lock."""
    text = section(ARCHITECTURE, "Checkpoints")
    sizes = [f"{size // 2**20} MiB" for size in (checkpointing.LOG_LIMIT_BYTES, checkpointing.URGENT_BYTES)]
    assert set(re.findall(r"\d+ MiB", text)) == set(sizes)
    versions = re.findall(r"(\d+)\.(\d+)\.(\d+)", text)
    race = [checkpointing.has_reset_race((int(major), int(minor), int(patch))) for major, minor, patch in versions]
    assert race == [True, True]


def is_module(name: str) -> bool:
    """Whether the package has this part."""
    return (PACKAGE / f"{name}.py").exists() or (PACKAGE / name / "__init__.py").exists()


@pytest.mark.parametrize(("column", "base"), [(2, PACKAGE), (3, ROOT / "tests")])
def test_where_to_change_what_names_files_that_are_there(column: int, base: Path) -> None:
    """The code on the left, the tests on the right."""
    rows = [line.split(" | ") for line in section("CONTRIBUTING.md", "Where to change what").splitlines()[6:] if line]
    assert len(rows) > 10
    for row in rows:
        named = files_named(row[column - 1])
        assert named or row[column - 1] == "the document", row
        assert [name for name in named if not is_there(name, base)] == []


def test_contributing_lists_every_command_of_make() -> None:
    """What `make` lists, and nothing else."""
    targets = set(re.findall(r"^([a-z]+):.* ## ", text_of("Makefile"), re.MULTILINE))
    listed = set(re.findall(r"^\| `make (\w+)` \|", text_of("CONTRIBUTING.md"), re.MULTILINE))
    assert {*listed, "help"} == targets
