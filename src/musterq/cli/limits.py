"""``musterq limit`` and ``musterq limits``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from musterq.cli.errors import UsageError, refusals_are_usage_errors
from musterq.cli.opening import existing_queue
from musterq.cli.options import AsJson, Database, TaskType, examples
from musterq.cli.output import say, say_json, visible
from musterq.cli.tables import Column, say_table

if TYPE_CHECKING:
    from musterq.records import TypeLimit

commands = typer.Typer()

COLUMNS = (Column("TYPE"), Column("RUNNING", number=True), Column("RATE", whole=True))
Running = Annotated[int | None, typer.Option(metavar="N", help="How many may run at once.", show_default=False)]
Rate = Annotated[
    str | None,
    typer.Option(metavar="COUNT/PERIOD", help="How many may start in a period: 10/s, 100/m, 5/h, 7/30s."),
]
NoLimit = Annotated[bool, typer.Option("--none", help="End its limit.")]


@commands.command(epilog=examples("musterq limit mail --running 2 --rate 100/m", "musterq limit mail --none"))
def limit(
    type: TaskType,
    *,
    running: Running = None,
    rate: Rate = None,
    none: NoLimit = False,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Limit how many tasks of a type run at once or in a period.

    It holds for all workers together, from their next claim on. A worker whose code asks for other limits writes
    those when it starts.
    """
    if none == (running is not None or rate is not None):
        raise UsageError("give --running, --rate or both; or --none alone, to end the limit")
    with existing_queue(database) as queue, refusals_are_usage_errors():
        queue.set_limit(type, running, rate)
        now = queue.limits().get(type)
    if as_json:
        say_json({"type": type, **_document(now)})
    else:
        say(visible(f"{type} {_words(now)}"))


@commands.command(epilog=examples("musterq limits"))
def limits(*, database: Database = None, as_json: AsJson = False) -> None:
    """Show the limits of all types."""
    with existing_queue(database) as queue:
        found = queue.limits()
    if as_json:
        say_json({"limits": [{"type": type, **_document(limit)} for type, limit in found.items()]})
    elif found:
        say_table(COLUMNS, [[type, *map(_shown, _document(limit).values())] for type, limit in found.items()])
    else:
        say("no type has a limit; give one with: musterq limit TYPE --running N")


def _document(limit: TypeLimit | None) -> dict[str, Any]:
    from musterq.limits import rate_text

    return {
        "running": None if limit is None else limit.max_running,
        "rate": None if limit is None else rate_text(limit),
    }


def _shown(value: object) -> str:
    return "–" if value is None else str(value)


def _words(limit: TypeLimit | None) -> str:
    if limit is None:
        return "has no limit"
    document = _document(limit)
    parts = [
        f"runs at most {document['running']} at once" if document["running"] is not None else "",
        f"starts at most {document['rate']}" if document["rate"] is not None else "",
    ]
    return ", and ".join(part for part in parts if part)
