"""The thresholds of ``musterq health``: from the command line, else a TOML file, else the defaults."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from musterq.option_file import CONFIG_NAME, read_table

TABLE = "health"
IGNORE = "ignore"


def _pair(words: str) -> Any:
    return Annotated[str | None, typer.Option(metavar="WARN:CRIT", help=words, show_default=False)]


def _number(words: str) -> Any:
    return Annotated[str | None, typer.Option(metavar="N", help=words, show_default=False)]


#: By the names of `Thresholds`, in the order of the help; text until file and command line are put together.
OPTIONS: Mapping[str, Any] = {
    "no_worker": _pair("Seconds that a queued task has waited while no worker takes any (10:60)."),
    "stale": _pair("Seconds since a worker's last heartbeat (300)."),
    "oldest": _pair("Seconds that the oldest queued task of a type has waited (300:1800)."),
    "unservable": _pair("Seconds that tasks have waited which no worker can take (0:300)."),
    "overdue": _pair("Seconds for which a scheduled task has been due (60:600)."),
    "schedule": _pair("Seconds for which the tick of a schedule has been due (60:600)."),
    "failure_rate": _pair("Share of the last hour's tasks that failed, 0 to 1 (0.2:0.5),"),
    "least_finished": _number("where so many completed or failed (20)."),
    "failing": _pair("Attempts of a type that failed since one succeeded, in the last hour (5:50)."),
    "growth": _pair("How many times as many tasks are queued as an hour ago (2),"),
    "least_queued": _number("where so many are (1000)."),
    "rescued": _pair("Tasks taken in the last hour from processes that died or were too late (1)."),
    "crashed": _pair("Attempts of the last hour whose process died (1)."),
    "refused": _pair("Finishes of the last hour that came too late (1)."),
    "log_mib": _pair("MiB of the write-ahead log (128:1024)."),
    "free_mib": _pair("MiB left on the disk, of which less is worse (1024:256)."),
    IGNORE: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="CHECK,...", help="Do not look at these, such as paused.", show_default=False),
    ],
}


def with_thresholds(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take all of these behind its own options; what is not given is None in its ``**given``."""
    signature = inspect.signature(command, eval_str=True)
    *own, _ = signature.parameters.values()
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, option in OPTIONS.items()
    ]
    command.__signature__ = signature.replace(parameters=[*own, *added])  # type: ignore[attr-defined]
    return command


def gathered(given: Mapping[str, Any], config: Path | None) -> dict[str, Any]:
    """The thresholds that are said anywhere, each from the first place that has it.

    Raises:
        TypeError, ValueError: one cannot be, or the file cannot be read; the message says where it stands.
    """
    path = Path(CONFIG_NAME) if config is None else config
    in_file = read_table(path, TABLE, known=OPTIONS.keys(), optional=config is None)
    said = {name: value for name, value in given.items() if value not in (None, [])}
    _check(in_file, lambda name: f"{path}, [{TABLE}] {name}")
    _check(said, lambda name: f"--{name.replace('_', '-')}")
    return {**in_file, **said}


def _check(values: Mapping[str, Any], place: Callable[[str], str]) -> None:
    from musterq.monitoring.health.checking import CHECKS
    from musterq.monitoring.health.thresholds import check_threshold

    for name, value in values.items():
        try:
            check_threshold(name, value, CHECKS)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{place(name)}: {error}") from error
