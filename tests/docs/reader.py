"""A reader who does what a document says, word for word, in a folder of his own."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from musterq import QueueDatabase
from tests.docs.documents import Block

#: Commands that are not run here, each with the reason.
LEFT_OUT = {
    "make run": "sets up an environment in the checkout; tests/examples runs what it starts",
    "make demo": "the same",
    "make test": "runs these tests",
}
_PRINTED = re.compile(r"^\s*print\(.*\)\s+# (.+)$", re.MULTILINE)


class Reader:
    """Runs the blocks of documents, each program in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        scripts = Path(sys.executable).parent
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith("MUSTERQ_")}
        self._environment = {
            **surroundings,
            "PATH": f"{scripts}{os.pathsep}{surroundings.get('PATH', os.defpath)}",
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder / "share"),
            "COLUMNS": "120",
        }

    def follow(self, blocks: Iterable[Block]) -> None:
        """Do all that is said, in order."""
        follow = {"python": self.run_python, "console": self._run_console, "sql": self._run_sql}
        for block in blocks:
            if block.file is not None:
                (self.folder / block.file).write_text(block.text, encoding="utf-8")
            elif block.language:
                follow[block.language](block)

    def run_python(self, block: Block) -> None:
        """Run a program; what a comment behind a ``print`` says is what it prints."""
        script = self.folder / "_program.py"
        script.write_text(block.text, encoding="utf-8")
        printed = self._run([sys.executable, str(script)], block.place).splitlines()
        expected = _PRINTED.findall(block.text)
        assert [line for line in printed if line in expected] == expected, f"{block.place} printed {printed}"

    def _run_console(self, block: Block) -> None:
        for command, output in commands_of(block.text):
            if command not in LEFT_OUT:
                printed = self._run(["sh", "-c", command], f"{block.place}: {command}")
                assert matches(output, printed), f"{block.place}: {command}\nprinted\n{printed}"

    def _run_sql(self, block: Block) -> None:
        database = self.folder / "queue.db"
        with QueueDatabase(database) as opened:
            opened.initialize_schema()
        connection = sqlite3.connect(database, timeout=30)
        connection.executescript(block.text)
        connection.close()

    def _run(self, arguments: list[str], place: str) -> str:
        process = subprocess.run(
            arguments,
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=50,
        )
        assert process.returncode == 0, f"{place} ended with {process.returncode}\n{process.stdout}{process.stderr}"
        return process.stdout


def commands_of(text: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block without their remarks, and the output that is shown below each."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield re.sub(r"\s+# .*", "", command).strip(), output.rstrip("\n")


def matches(shown: str, printed: str) -> bool:
    """Whether this is the output that is shown, where some is; ``...`` stands for anything."""
    lines = "\n".join(line.rstrip() for line in printed.splitlines())
    return not shown or re.fullmatch(re.escape(shown).replace(r"\.\.\.", ".*"), lines, re.DOTALL) is not None


def joined(blocks: Iterable[Block]) -> Block:
    """One program of several blocks, each line where it stands in its document."""
    programs = [block for block in blocks if block.language == "python" and block.file is None]
    lines: list[str] = []
    for block in programs:
        lines += [""] * (block.line - 1 - len(lines)) + block.text.splitlines()
    return programs[0]._replace(text="\n".join(lines) + "\n", line=1)
