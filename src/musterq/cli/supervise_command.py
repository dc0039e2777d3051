"""``musterq supervise``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from musterq.cli.errors import UsageError, refusals_are_usage_errors
from musterq.cli.init_process import stay_as_init_if_first
from musterq.cli.launch import CHECK_SECONDS, Launch, this_launch
from musterq.cli.options import AsJson, examples
from musterq.cli.output import say_json
from musterq.cli.restarting import has_terminal
from musterq.cli.worker_log import LogFormat, LogLevel
from musterq.cli.worker_signals import STOP_SIGNALS, signals_call

if TYPE_CHECKING:
    from musterq.worker.plan import Plan
    from musterq.worker.supervisor import Supervisor
    from musterq.worker.worker_process import WorkerProcess

commands = typer.Typer()

MOST_WORKERS = 1000
NOT_HERE = {
    "--reload": "is for one worker: musterq worker --reload",
    "--check": "is for a worker: musterq worker --check",
    "--until-eof": "is what supervise itself gives to its workers",
}

WorkerArguments = Annotated[
    list[str],
    typer.Argument(metavar="MODULE:QUEUE [WORKER OPTION]...", help="As musterq worker takes them, for each worker."),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", "-n", min=1, max=MOST_WORKERS, metavar="N", help="How many run (one a processor)."),
]
Least = Annotated[
    int | None,
    typer.Option("--min", min=0, max=MOST_WORKERS, metavar="N", help="How many run with nothing to do (all)."),
]
Idle = Annotated[
    float, typer.Option("--idle", min=0.0, metavar="SECONDS", help="How long one has nothing to do until it ends.")
]
Database = Annotated[
    str | None, typer.Option("--database", "-d", metavar="PATH|URL", help="As for a worker, to which it is passed on.")
]
Level = Annotated[LogLevel, typer.Option("--log-level", help="What to log, here and in the workers.")]
Format = Annotated[
    str | None, typer.Option("--log-format", metavar="FORMAT", help="As for a worker, to which it is passed on.")
]


@commands.command(
    context_settings={"ignore_unknown_options": True},
    epilog=examples(
        "musterq supervise -n 4 myproject.tasks:queue --concurrency 2",
        "musterq supervise --min 0 -n 8 --idle 60 myproject.tasks:queue --types mail",
    ),
)
def supervise(
    arguments: WorkerArguments,
    *,
    workers: Workers = None,
    least: Least = None,
    idle: Idle = 30.0,
    database: Database = None,
    log_level: Level = LogLevel.INFO,
    log_format: Format = None,
    as_json: AsJson = False,
) -> None:
    """Run several worker processes, and restart those that die.

    With --min, there are as many as the work that waits calls for, from that many to -n: one more starts when tasks
    wait that the others have no threads for, and ends when it has had nothing to do for a while.

    SIGTERM or Ctrl-C: all workers claim nothing more and finish what runs; a second one gives that back at once.
    SIGHUP: each worker is replaced by a new one, with the code that is there now, which must be at work before the old
    one is stopped; if the new code cannot start, the old workers stay.
    """
    stay_as_init_if_first()
    refuse_what_is_not_for_here(arguments)
    most = _processors() if workers is None else workers
    if least is not None and least > most:
        raise UsageError(f"--min {least} is more than -n {most}; give at most as many")
    own = {"--log-level": log_level, "--log-format": log_format, "--database": database}
    passed_on = [*arguments, *(word for name, value in own.items() if value is not None for word in (name, value))]
    crew = WorkerStarter(this_launch(), passed_on, idle)
    plan = crew.first_plan()
    counts = _supervise(crew, plan, most=most, least=most if least is None else least, log_level=log_level)
    if as_json:
        say_json({"database": plan.database, "started": counts["process.started"], "died": counts["process.died"]})


def refuse_what_is_not_for_here(arguments: list[str]) -> None:
    """Options of a worker that make no sense below a supervisor.

    Raises:
        UsageError: one of them was given.
    """
    for word in arguments:
        option = word.partition("=")[0]
        if option in NOT_HERE:
            raise UsageError(f"{option} {NOT_HERE[option]}")


class WorkerStarter:
    """Starts workers as they were asked for, and looks whether the code that is there now could start."""

    def __init__(self, launch: Launch, arguments: list[str], idle: float) -> None:
        self._launch = launch
        self._command = [sys.executable, "-m", "musterq", "worker", *arguments]
        self._idle = idle

    def first_plan(self) -> Plan:
        """That of the start: what is wrong has been said by the check, whose exit code is ours."""
        try:
            return self.plan()
        except subprocess.CalledProcessError as error:
            raise typer.Exit(error.returncode) from None

    def plan(self) -> Plan:
        """What a worker of the code that is there now says of itself; it loads the code, this process does not.

        Raises:
            CalledProcessError: it cannot start, and has said why on stderr.
        """
        from musterq.worker.plan import Plan

        checked = subprocess.run(  # noqa: S603  # this interpreter, with the arguments of this command
            [*self._command, "--check", "--json"],
            env=self._launch.environment,
            cwd=self._launch.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=True,
            timeout=CHECK_SECONDS,
        )
        plan = msgspec.json.decode(checked.stdout, type=Plan)
        if plan.burst:
            raise UsageError("burst is for a worker alone; for workers that end when nothing is left, use --min 0")
        return plan

    def plan_again(self) -> Plan:
        """The same, for a reload.

        Raises:
            ChildProcessError: the code that is there now cannot start.
        """
        try:
            return self.plan()
        except subprocess.CalledProcessError as error:
            raise ChildProcessError(
                f"the new code cannot start: its check ended with exit code {error.returncode}"
            ) from error
        except (OSError, subprocess.SubprocessError, UsageError, msgspec.DecodeError) as error:
            raise ChildProcessError(f"the new code cannot start: {error}") from error

    def start(self, worker_id: str, is_surplus: bool) -> WorkerProcess:  # noqa: FBT001  # as the supervisor calls it
        """A worker of this id; a surplus one ends when it has nothing to do."""
        from musterq.worker.worker_process import WorkerProcess

        idle = ["--idle", str(self._idle)] if is_surplus else []
        return WorkerProcess(
            [*self._command, "--worker-id", worker_id, *idle],
            environment=self._launch.environment,
            folder=self._launch.folder,
        )


def _supervise(crew: WorkerStarter, plan: Plan, *, most: int, least: int, log_level: LogLevel) -> Mapping[str, int]:
    """Look after workers until somebody stops it; how often what happened."""
    from musterq.events import Events
    from musterq.monitoring.log import log_events
    from musterq.monitoring.log_output import log_to_stderr
    from musterq.storage import open_storage
    from musterq.worker.supervisor import Supervisor
    from musterq.worker.systemd import told_to_service_manager

    events, counts = Events(), Counter[str]()
    events.subscribe(lambda name, _facts: counts.update([name]))
    log_to_stderr(log_level, as_json=plan.log_format == LogFormat.JSON)
    log_events(events)
    storage = open_storage(plan.database)
    with refusals_are_usage_errors():
        supervisor = Supervisor(
            storage, plan, start=crew.start, plan_again=crew.plan_again, most=most, least=least, events=events
        )
    try:
        with signals_call(_handlers(supervisor)), told_to_service_manager(events, supervisor.is_healthy):
            supervisor.run()
    finally:
        storage.close()
    return counts


def _handlers(supervisor: Supervisor) -> dict[signal.Signals, Any]:
    had_terminal = has_terminal()

    def hang_up() -> None:
        if had_terminal and not has_terminal():
            supervisor.stop()
        else:
            supervisor.reload()

    stops = dict.fromkeys(STOP_SIGNALS, supervisor.stop)
    return {**stops, signal.SIGHUP: hang_up, signal.SIGCHLD: supervisor.wake}


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
