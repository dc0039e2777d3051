"""The program: ``python -m examples.audit_python``."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path

from rich.console import Console

from examples.audit_python import arguments, discovery, live, plan, proof, report, workers
from musterq import MusterqError, QueueDatabase, QueueMonitoring, Task, TaskQueue

FINE, FAILED, CANNOT_BEGIN, INTERRUPTED = 0, 1, 2, 130
FRAME_SECONDS = 0.25


def main() -> int:
    """Audit what the command line asks for, and return the exit code."""
    options = arguments.parse()
    workers.end_by_interrupt()
    folder = Path(tempfile.mkdtemp(prefix="musterq-audit-"))
    database = options.database or folder / "audit.db"
    try:
        code = audit(options, database, Console(highlight=False))
    except MusterqError as error:
        print(f"The audit cannot use {database}: {error}", file=sys.stderr)
        code = CANNOT_BEGIN
    except KeyboardInterrupt:
        say_how_to_go_on(options, database)
        code = INTERRUPTED
    if options.database or code in (FINE, CANNOT_BEGIN):
        shutil.rmtree(folder)
    return code


def audit(options: Namespace, database: Path, console: Console) -> int:
    """Find what there is to do, have workers do it, and say what came of it."""
    found = discovery.tree(options.dir) if options.dir else discovery.this_python()
    console.print(f"Found {len(found.packages):,} distributions and {len(found.modules):,} modules.")
    with QueueDatabase(database) as opened:
        queue = TaskQueue(opened)
        enqueued = plan.enqueue(queue, found)
        total = work(queue, database, options.workers, console)
        summary = report.Summary(found.unreadable)
        sample = add_up(queue, summary, proof.draw(total, options.seed))
        report.show(console, summary, everything=options.all)
        checks = proof.prove(opened, sample, options.seed, enqueued + summary.listed)
    report.show_proof(console, checks, summary.unfinished)
    proven = all(check.holds for check in checks)
    return FINE if proven and not (options.strict and summary.findings()) else FAILED


def work(queue: TaskQueue, database: Path, size: int, console: Console) -> int:
    """Run worker processes until all is done, and show how it goes; return how many tasks there are now."""
    monitoring = QueueMonitoring(queue.database)
    logs = database.with_name(f"{database.name}-logs")
    logs.mkdir(exist_ok=True)
    meter = live.Meter(monitoring)
    reading = meter.read()
    with workers.Fleet(size, database, logs, monitoring) as fleet, live.view(console) as show:
        while fleet.tend(reading.waiting):
            show(reading)
            time.sleep(FRAME_SECONDS)
            reading = meter.read()
        show(meter.read())
    report.show_effort(console, meter, size, fleet.deaths)
    return reading.total


def add_up(queue: TaskQueue, summary: report.Summary, drawn: set[int]) -> list[Task]:
    """Read all tasks once, add up what they found, and return those that were drawn to be done again."""
    sample = []
    for number, task in enumerate(report.every_task(queue)):
        summary.add(task)
        if number in drawn:
            sample.append(task)
    return sample


def say_how_to_go_on(options: Namespace, database: Path) -> None:
    """Tell where the queue is, which keeps what was done and what was not."""
    command = ["python", "-m", "examples.audit_python", "--database", str(database)]
    if options.dir:
        command += ["--dir", str(options.dir)]
    print(f"\nInterrupted. What is done is kept; to go on with the rest:\n  {shlex.join(command)}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
