"""``musterq health``: a probe for people, containers and monitoring systems."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

import typer
from typer.core import TyperCommand

from musterq.cli.errors import CommandError, UsageError
from musterq.cli.health_options import gathered, with_thresholds
from musterq.cli.opening import existing_database
from musterq.cli.options import ON_ITS_OWN_LINES, AsJson, Database, examples
from musterq.cli.output import note_the_database, on_one_line, painted, say, say_json
from musterq.errors import MusterqError

if TYPE_CHECKING:
    from musterq.monitoring import QueueMonitoring

T = TypeVar("T")

commands = typer.Typer()

OK, WARNING, CRITICAL = "ok", "warning", "critical"
EXIT_CODES = {OK: 0, WARNING: 1, CRITICAL: 2}
UNKNOWN = 3  # as probes call it: nothing was looked at, since the question was wrong
COLOURS = {OK: "green", WARNING: "yellow", CRITICAL: "red"}
MOST_NAMED = 5
SECONDS = len("YYYY-MM-DD HH:MM:SS")
CODES = f"""{ON_ITS_OWN_LINES}
Exit codes:
  0  all is well
  1  warnings
  2  something is critical, or the queue cannot be read
  3  wrong usage; nothing was looked at

"""
#: What is raised for wrong options before a command begins.
_WrongOptions = cast("type[Exception]", typer.BadParameter.__mro__[1])


class WrongProbeError(CommandError):
    """The probe was asked in a wrong way."""

    exit_code = UNKNOWN


class Probe(TyperCommand):
    """A command whose wrong usage has an exit code that no finding has."""

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """Read the arguments."""
        try:
            return super().make_context(*arguments, **more)
        except _WrongOptions as wrong:
            wrong.exit_code = UNKNOWN  # type: ignore[attr-defined]
            raise


Worker = Annotated[
    str | None,
    typer.Option("--worker", metavar="ID", help="Look at this worker alone: is it alive and well?", show_default=False),
]
Config = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="TOML with a table [health]; by default musterq.toml, if it is there."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing where all is well.")]


@commands.command(
    cls=Probe,
    epilog=CODES
    + examples(
        "musterq health",
        "musterq health --oldest 600:3600 --failure-rate 0.05:0.2 --growth off",
        "musterq health --worker worker-01 --quiet",
    ),
)
@with_thresholds
def health(
    *,
    worker: Worker = None,
    quiet: Quiet = False,
    config: Config = None,
    database: Database = None,
    as_json: AsJson = False,
    **given: Any,
) -> None:
    """Tell what is wrong with queue and workers, and what to do.

    The first line says how it is; then comes a line for each finding, the worst first.

    A threshold is WARN:CRIT, from where on something is a warning and critical; WARN alone or :CRIT alone, or off.
    In the file it is the same text, a number, or a list of both.
    """
    if worker is None:
        thresholds = _asked_rightly(lambda: gathered(given, config))
        findings = _looked(database, lambda monitoring: monitoring.check_health(**thresholds))
    else:
        _refuse_thresholds(given, config)
        checked = _asked_rightly(lambda: _worker_id(worker))
        findings = _looked(database, lambda monitoring: monitoring.check_worker(checked))
    status = findings[0]["severity"] if findings else OK
    if findings or not quiet:
        _show(status, findings, worker, as_json=as_json)
        if not as_json:
            note_the_database(database, *(finding["advice"] for finding in findings))
    raise typer.Exit(EXIT_CODES[status])


def _asked_rightly(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except (TypeError, ValueError) as refusal:
        raise WrongProbeError(str(refusal)) from refusal


def _worker_id(given: str) -> str:
    from musterq.checks import check_worker_id

    return check_worker_id(given)


def _refuse_thresholds(given: Mapping[str, Any], config: Path | None) -> None:
    said = ["--config"] if config is not None else []
    said += [f"--{name.replace('_', '-')}" for name, value in given.items() if value not in (None, [])]
    if said:
        raise WrongProbeError(f"{said[0]} is for the whole queue, and --worker looks at one worker; leave one out")


def _looked(named: str | None, look: Callable[[QueueMonitoring], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """What is found; that the queue cannot be read is a finding, too, whatever the cause."""
    from musterq.monitoring import QueueMonitoring

    try:
        with existing_database(named) as opened:
            return look(QueueMonitoring(opened))
    except UsageError as wrong:
        raise WrongProbeError(str(wrong)) from wrong
    except (CommandError, MusterqError) as error:
        return [_unreadable(str(error))]
    except Exception as error:  # noqa: BLE001  # Python would end with code 1, which is a warning to who reads it
        return [_unreadable(f"{type(error).__name__}: {error}")]


def _unreadable(why: str) -> dict[str, Any]:
    return {
        "severity": CRITICAL,
        "check": "database",
        "subject": None,
        "what": f"the queue cannot be read: {why}",
        "since_utc": None,
        "advice": "mend that first; what is wrong with a database, musterq doctor may tell",
    }


def _show(status: str, findings: Sequence[Mapping[str, Any]], worker: str | None, *, as_json: bool) -> None:
    if as_json:
        say_json({"status": status, "findings": findings})
        return
    word = painted(status.upper(), sys.stdout, fg=COLOURS[status], bold=True)
    say(f"{word}: {on_one_line(_summary(findings, worker))}")
    for finding in findings:
        severity = painted(finding["severity"], sys.stdout, fg=COLOURS[finding["severity"]])
        say(f"{severity}: {on_one_line(_line(finding))}")


def _summary(findings: Sequence[Mapping[str, Any]], worker: str | None) -> str:
    if not findings:
        return "all is well" if worker is None else f"worker {worker} is alive and well"
    named = [f"{found['check']} {found['subject'] or ''}".strip() for found in findings[:MOST_NAMED]]
    others = len(findings) - len(named)
    named += [f"{others} more"] if others else []
    return f"{len(findings)} finding{'' if len(findings) == 1 else 's'}: {', '.join(named)}"


def _line(finding: Mapping[str, Any]) -> str:
    since = "" if finding["since_utc"] is None else f" (since {finding['since_utc'][:SECONDS]} UTC)"
    return f"{finding['what']}{since}. {finding['advice'][:1].upper()}{finding['advice'][1:]}"
