"""``musterq worker``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from musterq.cli.errors import UsageError, refusals_are_usage_errors
from musterq.cli.options import AsJson, examples
from musterq.cli.output import say_json
from musterq.cli.worker_log import LogLevel, Tally, announce, log_to_stderr
from musterq.cli.worker_signals import stopped_by_signals

if TYPE_CHECKING:
    from musterq.queue.task_queue import TaskQueue
    from musterq.worker import WorkerEngine
    from musterq.worker.options import WorkerOptions

commands = typer.Typer()

# Values stay text until all sources of options are put together, so that a message names the source.
Target = Annotated[str, typer.Argument(metavar="MODULE:QUEUE", help="The queue whose handlers it runs.")]
Database = Annotated[
    str | None,
    typer.Option("--database", "-d", metavar="PATH|URL", help="The queue's database, where the module names none."),
]
WorkerId = Annotated[str | None, typer.Option(metavar="TEXT", help="Its name; by default host, pid, something random.")]
Concurrency = Annotated[str | None, typer.Option("--concurrency", "-c", metavar="N", help="Tasks at once (8).")]
Strategy = Annotated[
    str | None, typer.Option(metavar="NAME", help="fifo, lifo, priority or weighted_random (priority).")
]
Types = Annotated[list[str] | None, typer.Option(metavar="TYPE,...", help="Take these types only.")]
Capability = Annotated[
    list[str] | None, typer.Option(metavar="NAME=VALUE", help="What it offers to tasks, as gpu=true; repeat for more.")
]
Burst = Annotated[bool | None, typer.Option("--burst/--no-burst", help="Stop when nothing is left to do.")]
GraceSeconds = Annotated[
    str | None,
    typer.Option(metavar="SECONDS", help="How long a stop waits for what runs, before it is given back (30)."),
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
def worker(
    target: Target,
    *,
    concurrency: Concurrency = None,
    strategy: Strategy = None,
    types: Types = None,
    capability: Capability = None,
    burst: Burst = None,
    grace_seconds: GraceSeconds = None,
    worker_id: WorkerId = None,
    database: Database = None,
    config: Config = None,
    log_level: Level = LogLevel.INFO,
    as_json: AsJson = False,
) -> None:
    """Run the handlers of a queue until it is stopped.

    SIGTERM or Ctrl-C: it claims nothing more and finishes what runs; a second one gives that back at once. Log lines
    go to stderr; with --json, a document at the end says what was done.

    Options up to --database can also stand in the environment, as MUSTERQ_CONCURRENCY=4, or in the TOML file,
    as concurrency=4; the command line goes first, then the environment, then the file.
    """
    given = {
        "database": database,
        "worker_id": worker_id,
        "concurrency": concurrency,
        "strategy": strategy,
        "types": types,
        "capabilities": capability,
        "burst": burst,
        "grace_seconds": grace_seconds,
    }
    with refusals_are_usage_errors():
        options = _gathered(given, config)
        from_environment = database is None and options.database == os.environ.get("MUSTERQ_DATABASE")
        queue = _loaded(target, None if from_environment else options.database)
        engine = _engine(queue, options)
    with queue:
        _run(engine, queue, options, target=target, log_level=log_level, as_json=as_json)


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


def _engine(queue: TaskQueue, options: WorkerOptions) -> WorkerEngine:
    from musterq.worker import WorkerEngine

    return WorkerEngine(
        queue,
        worker_id=options.worker_id,
        concurrency=options.concurrency,
        strategy=options.strategy,
        types=options.types,
        capabilities=options.capabilities,
        burst=options.burst,
        grace_seconds=options.grace_seconds,
    )


def _run(
    engine: WorkerEngine, queue: TaskQueue, options: WorkerOptions, *, target: str, log_level: LogLevel, as_json: bool
) -> None:
    tally = Tally()
    queue.events.subscribe(tally)
    log_to_stderr(queue.events, log_level)
    announce(target, queue, options)
    with stopped_by_signals(engine.stop):
        engine.run()
    if as_json:
        say_json(_document(engine, queue, tally.counts))


def _document(engine: WorkerEngine, queue: TaskQueue, counts: Mapping[str, int]) -> dict[str, Any]:
    return {"worker_id": engine.worker_id, "database": queue.database.location, **counts}
