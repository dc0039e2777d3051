"""``musterq worker``."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from musterq.cli.development import run_anew_on_changes
from musterq.cli.errors import UsageError, refusals_are_usage_errors
from musterq.cli.init_process import stay_as_init_if_first
from musterq.cli.launch import Launch, this_launch
from musterq.cli.options import AsJson, examples
from musterq.cli.output import say, say_json
from musterq.cli.restarting import Restart
from musterq.cli.worker_log import LogFormat, LogLevel, Tally, announce
from musterq.cli.worker_options import with_options_of_a_worker
from musterq.cli.worker_signals import STOP_SIGNALS, Parent, Stopping, say_how_to_stop_at_once, signals_call

if TYPE_CHECKING:
    from musterq.queue.task_queue import TaskQueue
    from musterq.worker import WorkerEngine
    from musterq.worker.options import WorkerOptions

commands = typer.Typer()

#: What a supervisor must know of its workers.
PLANNED = ("database", "types", "capabilities", "concurrency", "grace", "worker_id", "burst", "log_format")

Target = Annotated[str, typer.Argument(metavar="MODULE:QUEUE", help="The queue whose handlers it runs.")]
Idle = Annotated[
    float | None,
    typer.Option(min=0.0, metavar="SECONDS", help="Stop after so long with nothing to do.", show_default=False),
]
Check = Annotated[bool, typer.Option("--check", help="Only see whether it could start, and end.")]
Reload = Annotated[bool, typer.Option("--reload", help="Start it anew whenever a Python file below here changes.")]
UntilEof = Annotated[
    int | None,
    typer.Option(metavar="FD", help="Stop, too, when the other end of this open file is closed; supervise uses it."),
]
Config = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="TOML with a table [worker]; by default musterq.toml, if it is there."),
]
Level = Annotated[LogLevel, typer.Option("--log-level", help="What to log; debug tells of every task.")]


@commands.command(
    epilog=examples(
        "musterq worker myproject.tasks:queue --concurrency 4 --capability gpu=true",
        "musterq worker myproject.tasks:queue --types mail,report --burst",
    )
)
@with_options_of_a_worker
def worker(
    target: Target,
    *,
    config: Config = None,
    idle: Idle = None,
    check: Check = False,
    reload: Reload = False,
    until_eof: UntilEof = None,
    log_level: Level = LogLevel.INFO,
    as_json: AsJson = False,
    **given: Any,
) -> None:
    """Run the handlers of a queue until it is stopped.

    SIGTERM or Ctrl-C: it claims nothing more and finishes what runs; a second one gives that back at once. SIGHUP: it
    does so and starts anew, with the code that is there now. Log lines go to stderr; with --json, a document at the
    end says what was done.

    Options up to --database can also stand in the environment, as MUSTERQ_CONCURRENCY=4, or in the TOML file,
    as concurrency=4; the command line goes first, then the environment, then the file.
    """
    stay_as_init_if_first()
    launch = this_launch()
    if check:
        with redirect_stdout(sys.stderr):  # what the user's module prints is no part of the answer
            queue, engine, options = _ready(target, given, config, idle, log_level)
        _say_whether_it_can_start(target, queue, engine, options, as_json=as_json)
    elif reload:
        run_anew_on_changes(launch)
    else:
        parent = None if until_eof is None else Parent(until_eof)
        queue, engine, options = _ready(target, given, config, idle, log_level)
        _log(queue, options, log_level)
        announce(target, queue, engine.types, options)
        _run(engine, queue, launch, parent, as_json=as_json)


def _ready(
    target: str, given: Mapping[str, Any], config: Path | None, idle: float | None, log_level: LogLevel
) -> tuple[TaskQueue, WorkerEngine, WorkerOptions]:
    """All that is needed to work."""
    with refusals_are_usage_errors():
        options = _gathered(given, config)
        from_environment = given["database"] is None and options.database == os.environ.get("MUSTERQ_DATABASE")
        queue = _loaded(target, None if from_environment else options.database)
        return queue, _engine(queue, options, idle, log_level), options


def _gathered(given: Mapping[str, Any], config: Path | None) -> WorkerOptions:
    from musterq.worker.options import gather_options

    return gather_options(given, config=config)


def _loaded(target: str, wanted: str | None) -> TaskQueue:
    """The queue, in the database that is wanted; the environment alone does not contradict a module that names one."""
    from musterq.database import QueueDatabase
    from musterq.worker.loading import load_queue

    if wanted is None:
        return load_queue(target)
    os.environ["MUSTERQ_DATABASE"] = wanted
    queue = load_queue(target)
    if queue.database.location != (location := QueueDatabase(wanted).location):
        raise UsageError(
            f"{target} is a queue in {queue.database.location}, as its module says, and not in {location};"
            " write TaskQueue() there without a path, or name no database for the worker"
        )
    return queue


def _log(queue: TaskQueue, options: WorkerOptions, level: LogLevel) -> None:
    """Log what happens; on a terminal, say how to stop at once, too."""
    from musterq.monitoring.log import log_events
    from musterq.monitoring.log_output import log_to_stderr

    as_json = options.log_format == LogFormat.JSON
    log_to_stderr(level, options.task_log_level, as_json=as_json)
    log_events(queue.events)
    if not as_json:
        queue.events.subscribe(say_how_to_stop_at_once)


def _engine(queue: TaskQueue, options: WorkerOptions, idle: float | None, log_level: LogLevel) -> WorkerEngine:
    from musterq.monitoring.log_output import log_to_stderr
    from musterq.worker import WorkerEngine

    return WorkerEngine(
        queue,
        worker_id=options.worker_id,
        concurrency=options.concurrency,
        executor=options.executor,
        max_tasks_per_child=options.max_tasks_per_child,
        max_child_mib=options.max_child_mib,
        strategy=options.strategy,
        max_wait=options.max_wait,
        types=options.types,
        capabilities=options.capabilities,
        burst=options.burst,
        grace_seconds=options.grace,
        task_log_level=options.task_log_level,
        idle_seconds=idle,
        child_setup=partial(
            log_to_stderr, log_level.value, options.task_log_level, as_json=options.log_format == LogFormat.JSON
        ),
    )


def _run(engine: WorkerEngine, queue: TaskQueue, launch: Launch, parent: Parent | None, *, as_json: bool) -> None:
    """Work until somebody stops it, and then end or begin again as new code."""
    tally = Tally()
    queue.events.subscribe(tally)
    with queue:
        begin_again = _work(engine, queue, launch, parent)
    if begin_again:
        launch.begin_again()
    if as_json:
        say_json({"worker_id": engine.worker_id, "database": queue.database.location, **tally.counts})


def _work(engine: WorkerEngine, queue: TaskQueue, launch: Launch, parent: Parent | None) -> bool:
    """Work until somebody stops it; returns whether it is to begin again."""
    from musterq.worker.systemd import told_to_service_manager

    stopping = Stopping(engine.stop)
    restart = Restart(launch, stopping, queue.events)
    if parent is not None:
        parent.stops(stopping)
    handlers = {**dict.fromkeys(STOP_SIGNALS, stopping.by_signal), signal.SIGHUP: restart.by_signal}
    with signals_call(handlers), told_to_service_manager(queue.events, engine.is_healthy):
        engine.run()
    return restart.is_due


def _say_whether_it_can_start(
    target: str, queue: TaskQueue, engine: WorkerEngine, options: WorkerOptions, *, as_json: bool
) -> None:
    """Print where, and what it takes; as JSON, all that a supervisor must know without loading a user's code."""
    with queue:
        location = queue.storage.location  # its tables are looked at, too
    types = sorted(engine.types)
    if as_json:
        plan = {**msgspec.structs.asdict(options), "database": location, "types": types}
        say_json({name: plan[name] for name in PLANNED})
    else:
        say(f"{target} can start: on {location}, it takes {', '.join(types)}")
