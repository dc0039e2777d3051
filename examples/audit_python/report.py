"""Adds up what the workers found, and says it."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator, Sized
from typing import Any, NamedTuple

from rich.console import Console

from examples.audit_python.audit import locate, to_path, to_text
from examples.audit_python.killing import Killed, Rescued
from examples.audit_python.live import Meter
from examples.audit_python.proof import Check
from musterq import Task, TaskQueue

PAGE = 1_000
SLOWEST = 5
SHOWN = 5
KINDS = ("changed", "missing", "doubled", "unreadable", "not compiling")
MEGABYTE = 1_000_000


class Finding(NamedTuple):
    """What is wrong with a file."""

    kind: str
    path: str
    detail: str


class Timed(NamedTuple):
    """How long a file took, in seconds."""

    seconds: float
    type: str
    path: str


class Summary:
    """What came of the audit, added up task by task.

    Attributes:
        tasks, bytes: completed tasks of each type, and how much they read.
        listed: how many files all RECORDs list, and so how many verify tasks there must be.
        without_record: how many distributions have no RECORD.
        slowest: the files that took longest.
        unfinished: what kept the tasks that did not complete from it.
    """

    def __init__(self, unreadable: list[str]) -> None:
        self.tasks: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()
        self.listed = 0
        self.without_record = 0
        self.slowest: list[Timed] = []
        self.unfinished: list[str] = []
        self._findings = [Finding("unreadable", folder, "the folder cannot be listed") for folder in unreadable]
        self._owners: defaultdict[str, list[str]] = defaultdict(list)

    def add(self, task: Task) -> None:
        """Count a task in."""
        if task.status == "completed":
            self._add_result(task.type, task.get_payload_dict(), task.get_result())
        else:
            self.unfinished.append(f"task {task.id} is {task.status}: {task.payload} {task.error_message or ''}")

    def findings(self) -> list[Finding]:
        """Return all findings, in order; files that are listed more than once are among them."""
        doubled = (
            Finding("doubled", path, "listed by " + " and by ".join(sorted(owners)))
            for path, owners in self._owners.items()
            if len(owners) > 1
        )
        return sorted([*self._findings, *doubled])

    def _add_result(self, type: str, payload: dict[str, str], result: dict[str, Any]) -> None:
        path = path_of(type, payload)
        self.tasks[type] += 1
        self.bytes[type] += result.get("bytes", 0)
        self.listed += result.get("files", 0)
        self.without_record += result.get("without_record", False)
        self.slowest = heapq.nlargest(SLOWEST, [*self.slowest, Timed(result["seconds"], type, path)])
        if "finding" in result:
            self._findings.append(Finding(result["finding"], path, result.get("detail", "")))
        if type == "verify":
            self._owners[path].append(_distribution(payload["folder"]))


def every_task(queue: TaskQueue) -> Iterator[Task]:
    """Read all tasks of a queue, a page at a time."""
    page = queue.find(limit=PAGE)
    yield from page
    while page.cursor is not None:
        page = queue.find(limit=PAGE, after=page.cursor)
        yield from page


def count(things: Sized, word: str) -> str:
    """Say how many there are: ``1 module``, ``2,000 modules``."""
    return f"{len(things):,} {word}{'' if len(things) == 1 else 's'}"


def path_of(type: str, payload: dict[str, str]) -> str:
    """Return the file or folder that a task is about, as text."""
    if type == "verify":
        return to_text(locate(payload["folder"], payload["path"]))
    return payload["folder" if type == "package" else "path"]


def show_effort(console: Console, meter: Meter, workers: int, deaths: list[str]) -> None:
    """Say how much was done in how long, and what became of workers that died."""
    rate = f": {meter.done / meter.seconds:,.0f} per second" if meter.seconds else ""
    _say(console, f"\n{meter.done:,} tasks done by {workers} worker processes in {meter.seconds:.1f} s{rate}")
    for death in deaths:
        _say(console, f"\n{death}")


def say_killed(console: Console, killed: Killed | None) -> None:
    """Say which worker has just been killed."""
    if killed is not None:
        _say(
            console,
            f"Halfway: worker {killed.name} (process {killed.pid}) is killed in the middle of its work (kill -9).",
        )


def show_rescue(console: Console, killed: Killed | None, rescued: Rescued | None) -> None:
    """Say what became of the tasks that the killed worker held."""
    if killed is None:
        return
    if rescued is None:
        _say(console, f"{killed.name} was killed when it held nothing")
        return
    tasks = rescued.tasks
    again = f"running again after {rescued.again_seconds * 1000:,.0f} ms" if rescued.again_seconds else "waiting"
    _say(
        console,
        f"{killed.name} was killed halfway; {count(tasks, 'task')} that it held: found and given back "
        f"{rescued.found_seconds * 1000:,.0f} ms later, all {again}, all {_ends(tasks)}",
    )
    for task in tasks[:SHOWN]:
        _say_path(console, f"  task {task.id} ", path_of(task.type, task.get_payload_dict()))


def _ends(tasks: list[Task]) -> str:
    return " or ".join(sorted({task.status for task in tasks})) + " by others"


def show(console: Console, summary: Summary, *, everything: bool) -> None:
    """Say what was audited, what was found, and what took longest."""
    _show_totals(console, summary)
    _heading(console, "Findings")
    findings = summary.findings()
    for kind in KINDS:
        _show_kind(console, kind, [finding for finding in findings if finding.kind == kind], everything=everything)
    _heading(console, "Slowest files")
    for seconds, type, path in summary.slowest:
        _say_path(console, f"  {seconds * 1000:6,.0f} ms  {type:<7}  ", path)


def show_proof(console: Console, checks: list[Check], unfinished: list[str]) -> None:
    """Say what was proven, and which tasks were not done."""
    _heading(console, "Proof")
    for check in checks:
        mark = "[green]holds[/green]" if check.holds else "[red]FAILS[/red]"
        console.print(f"  {mark}  {check.claim}")
        _say(console, f"         {check.figures}")
    if unfinished:
        _say(console, f"\n{count(unfinished, 'task')} did not complete, among them:")
    for text in unfinished[:SHOWN]:
        _say(console, f"  {text}")


def _show_totals(console: Console, summary: Summary) -> None:
    packages, files, modules = (summary.tasks[type] for type in ("package", "verify", "parse"))
    _heading(console, "Audited")
    _say(console, f"  {packages:7,} distributions, {summary.without_record:,} of them without a RECORD")
    _say(console, f"  {files:7,} installed files, {summary.bytes['verify'] / MEGABYTE:,.0f} MB hashed")
    _say(console, f"  {modules:7,} modules, {summary.bytes['parse'] / MEGABYTE:,.0f} MB compiled")


def _show_kind(console: Console, kind: str, findings: list[Finding], *, everything: bool) -> None:
    _say(console, f"  {len(findings):7,} {kind}")
    shown = findings if everything else findings[:SHOWN]
    for _, path, detail in shown:
        _say_path(console, "          ", path)
        if detail:
            _say(console, f"            {detail}")
    if len(shown) < len(findings):
        _say(console, f"          and {len(findings) - len(shown):,} more: --all lists them")


def _distribution(folder: str) -> str:
    return to_path(folder).rpartition("/")[2].removesuffix(".dist-info")


def _heading(console: Console, text: str) -> None:
    console.print(f"\n[bold]{text}[/bold]")


def _say_path(console: Console, before: str, path: str) -> None:
    room = console.width - len(before)
    fits = len(path) <= room or not console.is_terminal  # of a long one, the end says more than the beginning
    _say(console, before + (path if fits else f"…{path[1 - room :]}"))


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)
