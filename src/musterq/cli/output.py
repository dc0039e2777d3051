"""Printing: results on stdout, complaints on stderr, colours only on a terminal, and text only ever as text."""

from __future__ import annotations

import io
import json
import os
import shlex
import sys
from typing import Any, TextIO

import typer

from musterq.visible_text import on_one_line, visible

__all__ = [
    "colours",
    "complain",
    "note",
    "note_the_database",
    "on_one_line",
    "painted",
    "replace_what_cannot_be_encoded",
    "say",
    "say_json",
    "visible",
]


def say(line: str) -> None:
    """Print a line of the result."""
    print(line)  # noqa: T201  # this is the module that prints


def say_json(document: Any) -> None:
    """Print the one JSON document of a command; in ASCII, which every pipe and every locale carries."""
    say(json.dumps(document, indent=2))


def complain(message: str) -> None:
    """Print one line on stderr."""
    line = " ".join(visible(message).split())
    print(painted("Error:", sys.stderr, fg="red", bold=True), line, file=sys.stderr)  # noqa: T201


def note(text: str) -> None:
    """Print a remark that is no part of the result: on stderr, out of the way of pipes."""
    print(visible(text), file=sys.stderr)  # noqa: T201


def note_the_database(database: str | None, *texts: str) -> None:
    """Say that the commands in these texts want --database, too, where only the command line names this queue."""
    named_there = database is not None and database != os.environ.get("MUSTERQ_DATABASE")
    if named_there and any("musterq " in text for text in texts):
        note(f"the commands above want --database {shlex.quote(str(database))}, too")


def painted(text: str, stream: TextIO, **style: Any) -> str:
    """The text in this style where the stream shows colours, else as it is."""
    return typer.style(text, **style) if colours(stream) else text


def colours(stream: TextIO) -> bool:
    """Whether the stream is a terminal whose user did not say NO_COLOR."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def replace_what_cannot_be_encoded() -> None:
    """Let a character that the terminal's encoding lacks become an escape instead of an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
