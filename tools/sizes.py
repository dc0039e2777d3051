"""Refuse Python files and functions that have grown too long to read in one go.

Usage: python tools/sizes.py FOLDER...
"""

import ast
import statistics
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

LONGEST_FILE = 400
LONGEST_FUNCTION = 40


class Measured(NamedTuple):
    """A file or a function, and how many lines it has."""

    lines: int
    place: str


def measure_file(path: Path) -> tuple[Measured, list[Measured]]:
    """Return the size of the file and of every function in it, docstrings included."""
    text = path.read_text(encoding="utf-8")
    functions = [
        Measured((node.end_lineno or node.lineno) - node.lineno + 1, f"{path}:{node.lineno} {node.name}")
        for node in ast.walk(ast.parse(text, str(path)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return Measured(len(text.splitlines()), str(path)), functions


def too_long(measured: Iterable[Measured], limit: int) -> Iterator[str]:
    """Yield a message for each item that is over the limit."""
    for item in measured:
        if item.lines > limit:
            yield f"{item.place} has {item.lines} lines, {limit} are allowed: give it one job"


def summary(word: str, measured: list[Measured]) -> str:
    """Say how many there are, their median length, and where the longest is."""
    if not measured:
        return f"no {word}"
    median = statistics.median(item.lines for item in measured)
    longest = max(measured)
    return f"{len(measured)} {word}: median {median:g} lines, {longest.lines} in {longest.place}"


def main(folders: list[str]) -> int:
    """Measure every Python file below the folders; return 1 if one is too long."""
    pairs = [measure_file(path) for folder in folders for path in sorted(Path(folder).rglob("*.py"))]
    files = [file for file, _ in pairs]
    functions = [function for _, found in pairs for function in found]
    complaints = [*too_long(files, LONGEST_FILE), *too_long(functions, LONGEST_FUNCTION)]
    print("\n".join([*complaints, summary("files", files), summary("functions", functions)]))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
