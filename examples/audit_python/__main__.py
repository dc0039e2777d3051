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

from examples.audit_python import arguments, discovery, killing, live, plan, proof, report, workers
from musterq import MusterqError, QueueDatabase, QueueMonitoring, Task, TaskQueue

FINE, FAILED, CANNOT_BEGIN, INTERRUPTED = 0, 1, 2, 130
FRAME_SECONDS = 0.25


def main() -> int:
    """Audit what the command line asks for, and return the exit code."""
    options = arguments.parse()
    workers.end_by_interrupt()
    if options.database:
        return run(options, options.database)[0]
    folder, keep = Path(tempfile.mkdtemp(prefix="musterq-audit-")), False
    try:
        code, keep = run(options, folder / "audit.db")
    finally:
        if not keep:
            shutil.rmtree(folder)
    return code


def run(options: Namespace, database: Path) -> tuple[int, bool]:
    """Audit with this database; return the exit code, and whether the database is of use to anybody yet."""
    try:
        proven, clean = audit(options, database, Console(highlight=False))
    except (MusterqError, plan.OtherTasksError) as error:
        print(f"The audit cannot go on: {error}", file=sys.stderr)
        return CANNOT_BEGIN, False
    except KeyboardInterrupt:
        say_how_to_go_on(options, database)
        return INTERRUPTED, True
    if not proven:
        print(f"The queue is kept, and the logs of its workers beside it: {database}", file=sys.stderr)
    return FINE if proven and (clean or not options.strict) else FAILED, not proven


def audit(options: Namespace, database: Path, console: Console) -> tuple[bool, bool]:
    """Find what there is to do, have workers do it, and say what came of it.

    Returns whether it is proven that all work was done, and whether nothing was found.
    """
    found = discovery.tree(options.dir) if options.dir else discovery.this_python()
    packages, modules = report.count(found.packages, "distribution"), report.count(found.modules, "module")
    console.print(f"Found {packages} and {modules}.")
    if not (found.packages or found.modules):
        console.print("There is nothing to audit.")
        return True, not found.unreadable
    with QueueDatabase(database) as opened:
        queue = TaskQueue(opened)
        enqueued = plan.enqueue(queue, found)
        total = work(queue, database, options, console)
        summary = report.Summary(found.unreadable)
        with console.status("Adding up what was found, and doing a sample of it again"):
            sample = add_up(queue, summary, proof.draw(total, options.seed))
            checks = proof.prove(opened, sample, options.seed, enqueued + summary.listed)
    report.show(console, summary, everything=options.all)
    report.show_proof(console, checks, summary.unfinished)
    return all(check.holds for check in checks), not summary.findings()


def work(queue: TaskQueue, database: Path, options: Namespace, console: Console) -> int:
    """Run worker processes until all is done, killing one of them halfway, and show how it goes.

    Returns how many tasks there are now.
    """
    monitoring = QueueMonitoring(queue.database)
    logs = database.with_name(f"{database.name}-logs")
    logs.mkdir(exist_ok=True)
    meter = live.Meter(monitoring)
    rescued = None
    with workers.Fleet(options.workers, database, logs, monitoring) as fleet, live.view(console) as show:
        reading = meter.read()
        while fleet.tend(reading.waiting, reading.running):
            show(reading)
            if options.kill and fleet.killed is None and reading.done > killing.HALFWAY * reading.total:
                report.say_killed(console, fleet.kill_one())
            time.sleep(FRAME_SECONDS)
            reading = meter.read()
        reading = meter.read()
        show(reading)
        rescued = killing.rescued_from(fleet.killed, queue) if fleet.killed else None
    report.show_effort(console, meter, options.workers, fleet.deaths)
    report.show_rescue(console, fleet.killed, rescued)
    return reading.total


def add_up(queue: TaskQueue, summary: report.Summary, drawn: set[int]) -> list[Task]:
    """Read all tasks once, add up what they found, and return those that were drawn to be done again."""
    sample = []
    for number, task in enumerate(report.every_task(queue)):
        summary.add(task)
        if number in drawn and task.status == "completed":
            sample.append(task)
    return sample


def say_how_to_go_on(options: Namespace, database: Path) -> None:
    """Tell where the queue is, which keeps what was done and what was not."""
    command = [sys.executable, "-m", "examples.audit_python", "--database", str(database)]
    if options.dir:
        command += ["--dir", str(options.dir)]
    print(f"\nInterrupted. What is done is kept; to go on with the rest:\n  {shlex.join(command)}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
