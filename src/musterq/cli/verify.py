"""``musterq verify``: the counters and the history against a full count."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from musterq.cli.errors import FAILED
from musterq.cli.opening import existing_database
from musterq.cli.options import ON_ITS_OWN_LINES, AsJson, Database, examples
from musterq.cli.output import note, say, say_json
from musterq.cli.tables import Column, say_table

commands = typer.Typer()

CODES = f"""{ON_ITS_OWN_LINES}
Exit codes:
  0  all is right, or was made right by --repair
  1  something differs, or could not be made right
  2  wrong usage

"""
COLUMNS = (Column("WHAT", whole=True), Column("WHERE"), Column("KEPT"), Column("COUNTED"))

Repair = Annotated[bool, typer.Option("--repair", help="Mend what differs, in short transactions.")]


@commands.command(epilog=CODES + examples("musterq verify", "musterq verify --repair --json"))
def verify(*, repair: Repair = False, database: Database = None, as_json: AsJson = False) -> None:
    """Compare the counters and the history with a full count.

    It makes nobody wait, and takes some seconds for a million tasks.
    """
    from musterq.monitoring import QueueMonitoring

    with existing_database(database) as opened:
        found = QueueMonitoring(opened).verify(repair)
        location = opened.location
    if as_json:
        say_json({"right": repair or not found, "repaired": repair and bool(found), "items": found})
    else:
        _show(found, location, repair=repair)
    raise typer.Exit(0 if repair or not found else FAILED)


def _show(found: list[dict[str, Any]], location: str, *, repair: bool) -> None:
    if not found:
        say("all that is kept is what a full count gives")
        return
    say_table(COLUMNS, [(one["what"], one["where"], _words(one["kept"]), _words(one["counted"])) for one in found])
    if repair:
        note("all of this is right now")
        return
    if any(one["what"] == "schema" for one in found):
        note("until triggers, indexes and views are as they were made, counts go wrong and claims may be slow")
    note(f"mend it with: musterq verify --repair --database {shlex.quote(location)}")


def _words(figures: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in figures.items()) or "–"
