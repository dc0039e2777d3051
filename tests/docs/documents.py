"""The documents, and what stands fenced in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
#: Documents that a user reads, by the path that links to them use.
DOCUMENTS = [str(path.relative_to(ROOT)) for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))]
#: And those for who works on the project.
ALL_DOCUMENTS = [*DOCUMENTS, "CONTRIBUTING.md", "CHANGELOG.md"]

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMES_A_FILE = re.compile(r"`([\w.-]+\.\w+)`[^`]*:\s*\Z")


class Block(NamedTuple):
    """A fenced block."""

    document: str
    line: int  # of its first line of text
    language: str
    text: str
    file: str | None  # under which it is saved

    @property
    def place(self) -> str:
        """What a failure begins with."""
        return f"{self.document}:{self.line}"


def text_of(document: str) -> str:
    """The text of a document."""
    return (ROOT / document).read_text(encoding="utf-8")


def blocks_of(document: str) -> list[Block]:
    """The fenced blocks in order. A sentence before one that names a file in backticks and ends in a colon saves it."""
    return blocks_in(document, text_of(document))


def blocks_in(document: str, text: str) -> list[Block]:
    """The same, of a text."""
    blocks = []
    for found in _FENCED.finditer(text):
        before = text[: found.start()]
        sentence = before.rstrip("\n").rpartition("\n")[2]
        named = _NAMES_A_FILE.search(sentence)
        line = before.count("\n") + 2
        blocks.append(Block(document, line, found[1], found[2], None if named is None else named[1]))
    return blocks


def section(document: str, title: str) -> str:
    """The text below a heading of the second level, up to the next one."""
    return text_of(document).split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
