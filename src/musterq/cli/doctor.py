"""``musterq doctor``: everything about the database that can be looked at."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Annotated, Any

import typer

from musterq.cli.errors import CommandError, UsageError
from musterq.cli.health import CODES, COLOURS, CRITICAL, EXIT_CODES, OK, WARNING, Probe, WrongProbeError
from musterq.cli.opening import existing_database
from musterq.cli.options import AsJson, Database, examples
from musterq.cli.output import on_one_line, painted, say, say_json
from musterq.errors import MusterqError

commands = typer.Typer()

_WORST_FIRST = (CRITICAL, WARNING, OK)
_UNREADABLE = {"section": "file", "fact": "database", "verdict": CRITICAL, "value": None, "text": "", "advice": None}
_INDENT = len(CRITICAL) + 2

Deep = Annotated[
    bool, typer.Option("--deep", help="Read the whole file through, however large, and compare its indexes with it.")
]


@commands.command(cls=Probe, epilog=CODES + examples("musterq doctor", "musterq doctor --deep --json"))
def doctor(*, deep: Deep = False, database: Database = None, as_json: AsJson = False) -> None:
    """Examine the database, and what its workers run on.

    Versions, modes of the file, its log, space, schema and soundness. Reads a file of up to 256 MiB through, unless
    --deep says to read any.
    """
    facts = _examined(database, deep=deep)
    status = next((verdict for verdict in _WORST_FIRST if any(fact["verdict"] == verdict for fact in facts)), OK)
    if as_json:
        say_json({"status": status, "facts": facts})
    else:
        _show(status, facts)
    raise typer.Exit(EXIT_CODES[status])


def _examined(named: str | None, *, deep: bool) -> list[dict[str, Any]]:
    """The facts; that the database cannot be read at all is one, too."""
    from musterq.monitoring import QueueMonitoring

    try:
        with existing_database(named) as opened:
            return QueueMonitoring(opened).examine(deep=deep)
    except UsageError as wrong:
        raise WrongProbeError(str(wrong)) from wrong
    except (CommandError, MusterqError) as error:
        return [{**_UNREADABLE, "text": f"the queue cannot be read: {error}"}]


def _show(status: str, facts: Sequence[Mapping[str, Any]]) -> None:
    for section, those in groupby(facts, key=lambda fact: fact["section"]):
        say(painted(section, sys.stdout, bold=True))
        for fact in those:
            _show_fact(fact)
    found = [fact for fact in facts if fact["verdict"] != OK]
    word = painted(status.upper(), sys.stdout, fg=COLOURS[status], bold=True)
    say(f"{word}: {', '.join(fact['fact'] for fact in found) or 'all is well'}")


def _show_fact(fact: Mapping[str, Any]) -> None:
    verdict = painted(fact["verdict"].ljust(_INDENT), sys.stdout, fg=COLOURS[fact["verdict"]])
    say(f"  {verdict}{on_one_line(fact['text'])}")
    if fact["advice"] is not None:
        say(f"  {' ' * _INDENT}→ {on_one_line(fact['advice'])}")
