"""``musterq expect`` and ``musterq unservable``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from musterq.cli.documents import abilities, decoded
from musterq.cli.errors import CommandError, UsageError, refusals_are_usage_errors
from musterq.cli.opening import existing_database
from musterq.cli.options import AsJson, Database, examples
from musterq.cli.output import note, say, say_json, visible
from musterq.cli.tables import Column, say_table
from musterq.cli.words import short_duration

commands = typer.Typer()

EXPECTED = (
    Column("NAME"),
    Column("EXPECTED", number=True),
    Column("ALIVE", number=True),
    Column("MISSING", number=True),
    Column("TYPES", aside=True),
    Column("REQUIRED", aside=True),
    Column("LAST GONE", aside=True),
)
UNSERVABLE = (
    Column("TYPE"),
    Column("WAITING", number=True),
    Column("OLDEST", number=True),
    Column("REASON", aside=True),
    Column("ASKED", aside=True),
)
Name = Annotated[str | None, typer.Argument(metavar="NAME", help="Of the expectation; without it, all are listed.")]
Count = Annotated[
    int | None, typer.Argument(metavar="COUNT", help="How many workers are meant to be alive.", show_default=False)
]
Types = Annotated[
    list[str] | None,
    typer.Option("--type", metavar="TYPE", help="Only workers that handle this type count; repeat for more."),
]
Required = Annotated[
    list[str] | None,
    typer.Option("--require", metavar="NAME=VALUE", help="Only workers that satisfy it count; repeat for more."),
]
Forget = Annotated[bool, typer.Option("--forget", help="Expect them no more.")]


@commands.command(
    epilog=examples(
        "musterq expect images 4 --type thumbnail --require gpu=true",
        """musterq expect large 2 --require 'memory_gb={"min": 32}'""",
        "musterq expect images --forget",
        "musterq expect",
    )
)
def expect(
    name: Name = None,
    count: Count = None,
    *,
    types: Types = None,
    required: Required = None,
    forget: Forget = False,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Say how many workers are to be alive, or list who is missing.

    Workers that start, are idle or busy are alive; fewer of them than expected is an alarm of: musterq health.
    """
    _check(name, count, others_given=bool(types or required), forget=forget)
    from musterq.monitoring import QueueMonitoring

    with existing_database(database) as opened, refusals_are_usage_errors():
        monitoring = QueueMonitoring(opened)
        if name is not None and forget and all(known["name"] != name for known in monitoring.get_expectations()):
            raise CommandError(f"nothing is expected under the name {name!r}; list what is with: musterq expect")
        if name is not None:
            monitoring.expect_workers(name, count or 0, **_kind(types, required))
        found = [known for known in monitoring.get_expectations() if name in (None, known["name"])]
    if name is None:
        _list(found, as_json=as_json)
    else:
        _report(name, found, as_json=as_json)


@commands.command(epilog=examples("musterq unservable", "musterq unservable --json | jq '.items[].reason'"))
def unservable(*, database: Database = None, as_json: AsJson = False) -> None:
    """List what waits and no live worker could take, and why.

    With what those workers lack that come nearest.
    """
    from musterq.monitoring import QueueMonitoring

    with existing_database(database) as opened:
        lanes = QueueMonitoring(opened).get_unservable()
    if as_json:
        say_json({"items": [{**lane, "compatibility": decoded(lane["compatibility"])} for lane in lanes]})
        return
    say_table(UNSERVABLE, [_lane(lane) for lane in lanes])
    if not lanes:
        note("a worker could take each task that waits")


def _check(name: str | None, count: int | None, *, others_given: bool, forget: bool) -> None:
    if name is None and (others_given or forget):
        raise UsageError("give the name of the expectation first, as in: musterq expect images 4")
    if name is not None and forget == (count is not None):
        raise UsageError("give how many workers are expected, or --forget")
    if forget and others_given:
        raise UsageError("--forget needs the name alone")


def _kind(types: list[str] | None, required: list[str] | None) -> dict[str, Any]:
    from musterq.worker import option_values  # they are written as those of a worker

    return {
        "types": option_values.types(types) if types else None,
        "capabilities": option_values.capabilities(required) if required else None,
    }


def _list(expectations: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    if as_json:
        say_json({"items": expectations})
        return
    say_table(EXPECTED, [_row(expectation) for expectation in expectations])
    if not expectations:
        note("no workers are expected; expect some with: musterq expect NAME COUNT")


def _report(name: str, found: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    if as_json:
        say_json(found[0] if found else {"name": name, "expected": 0})
    elif found:
        say(visible(f"{name}: {found[0]['expected']} expected, {found[0]['alive']} alive"))
    else:
        say(visible(f"{name} is not expected any more"))


def _row(expectation: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        expectation["name"],
        str(expectation["expected"]),
        str(expectation["alive"]),
        str(expectation["missing"]),
        "–" if expectation["types"] is None else ", ".join(expectation["types"]),
        abilities(expectation["capabilities"]),
        _last_gone(expectation),
    )


def _last_gone(expectation: Mapping[str, Any]) -> str:
    if expectation["last_worker_id"] is None:
        return "–"
    host = "" if expectation["last_host"] is None else f" on {expectation['last_host']}"
    return f"{expectation['last_worker_id']}{host}: {expectation['last_reason']} ({expectation['last_seen_utc']} UTC)"


def _lane(lane: Mapping[str, Any]) -> tuple[str, ...]:
    age = lane["oldest_age_seconds"]
    return (
        lane["type"],
        f"{lane['waiting']:,}",
        "–" if age is None else short_duration(age),
        lane["reason"],
        lane["compatibility"],
    )
