"""What goes wrong becomes one line on stderr that says what to do, and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from musterq.cli.output import complain
from musterq.errors import MusterqError

FAILED = 1
WRONG_USAGE = 2


class CommandError(Exception):
    """The command cannot go on; the message says why and what to do."""

    exit_code = FAILED


class UsageError(CommandError):
    """The arguments cannot be right; nothing was written."""

    exit_code = WRONG_USAGE


class ExplainedGroup(TyperGroup):
    """The commands, with every known error explained instead of shown as a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            with _explained(show_traceback=bool(ctx.params.get("debug"))), _flushed():
                return super().invoke(ctx)
        except BrokenPipeError:
            _leave_the_pipe_alone()
            raise typer.Exit from None


@contextmanager
def refusals_are_usage_errors() -> Iterator[None]:
    """What the queue refuses in this block came from the command line."""
    try:
        yield
    except (ValueError, TypeError) as refusal:
        raise UsageError(str(refusal)) from refusal


@contextmanager
def extras_are_explained() -> Iterator[None]:
    """What this block imports may be missing; its error says what to install."""
    try:
        yield
    except ImportError as error:
        raise CommandError(str(error)) from error


@contextmanager
def _explained(*, show_traceback: bool) -> Iterator[None]:
    try:
        yield
    except (CommandError, MusterqError) as error:
        if show_traceback:
            traceback.print_exc(file=sys.stderr)
        complain(str(error))
        raise typer.Exit(error.exit_code if isinstance(error, CommandError) else FAILED) from None


@contextmanager
def _flushed() -> Iterator[None]:
    try:
        yield
    finally:
        sys.stdout.flush()


def _leave_the_pipe_alone() -> None:
    # whoever read the output has had enough; without this, Python would complain when it flushes at its end
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
