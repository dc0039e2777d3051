"""``musterq retention`` and ``musterq prune``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from musterq.cli.errors import UsageError, refusals_are_usage_errors
from musterq.cli.opening import existing_queue
from musterq.cli.options import AsJson, Database, examples
from musterq.cli.output import say, say_json
from musterq.cli.tables import Column, say_table
from musterq.cli.words import duration, size

if TYPE_CHECKING:
    from musterq.records import Retention

commands = typer.Typer()

_UNITS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_AGE = re.compile(rf"(\d+(?:\.\d+)?)({'|'.join(_UNITS)})?")
_RULES = (Column("STATUS", whole=True), Column("KEPT FOR", whole=True), Column("AT MOST", number=True))


def age(text: str) -> float:
    """Seconds, as they are typed: a number with a unit or without."""
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is no age; give a number and one of {', '.join(_UNITS)}, such as 7d")
    return float(found[1]) * _UNITS[found[2] or "s"]


Status = Annotated[
    str | None,
    typer.Argument(metavar="[STATUS]", help="completed, failed, cancelled or ledger.", show_default=False),
]
MaxAge = Annotated[
    float | None,
    typer.Option(parser=age, metavar="AGE", help="Keep them for so long: 90s, 5min, 12h, 7d, 4w.", show_default=False),
]
MaxCount = Annotated[
    int | None, typer.Option(metavar="N", help="Keep so many at most, the newest.", show_default=False)
]
Forever = Annotated[bool, typer.Option("--forever", help="Keep them all.", show_default=False)]


@commands.command(
    epilog=examples(
        "musterq retention",
        "musterq retention completed --max-age 2d --max-count 100000",
        "musterq retention failed --forever",
    )
)
def retention(
    status: Status = None,
    *,
    max_age: MaxAge = None,
    max_count: MaxCount = None,
    forever: Forever = False,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Show or set how long finished tasks are kept.

    Workers take away what is older, or too many. A bound that is not given is none.
    """
    changes = forever or max_age is not None or max_count is not None
    if changes and status is None:
        raise UsageError("say which are meant: completed, failed, cancelled or ledger")
    if forever and (max_age is not None or max_count is not None):
        raise UsageError("--forever is no bound at all; leave it out, or the others")
    with existing_queue(database) as queue, refusals_are_usage_errors():
        if changes:
            queue.set_retention(status or "", max_age=max_age, max_count=max_count)
        rules = queue.retention()
    if status is not None and status.lower() not in rules:
        raise UsageError(f"{status!r} has no rule of its own; give one of: {', '.join(rules)}")
    _show({kept: rule for kept, rule in rules.items() if status in (None, kept)}, as_json=as_json)


@commands.command(epilog=examples("musterq prune"))
def prune(*, database: Database = None, as_json: AsJson = False) -> None:
    """Take old tasks away now, as musterq retention says.

    Workers do it by themselves once a minute. Free space is given back to the file system, too.
    """
    with existing_queue(database) as queue:
        pruned = queue.prune()
    if as_json:
        say_json({"tasks": pruned.tasks, "entries": pruned.entries, "bytes": pruned.bytes})
    else:
        say(f"tasks pruned: {pruned.tasks:,}; ledger entries: {pruned.entries:,}; given back: {size(pruned.bytes)}")


def _show(rules: dict[str, Retention], *, as_json: bool) -> None:
    if as_json:
        say_json({kept: _document(rule) for kept, rule in rules.items()})
    else:
        say_table(_RULES, [(kept, _kept_for(rule), _at_most(rule)) for kept, rule in rules.items()])


def _document(rule: Retention) -> dict[str, Any]:
    return {"max_age_seconds": rule.max_age_seconds, "max_count": rule.max_count}


def _kept_for(rule: Retention) -> str:
    return "ever" if rule.max_age_seconds is None else duration(rule.max_age_seconds)


def _at_most(rule: Retention) -> str:
    return "–" if rule.max_count is None else f"{rule.max_count:,}"
