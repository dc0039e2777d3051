"""``musterq health`` as a probe of real processes."""

from __future__ import annotations

import signal

from tests.cli.project import Project
from tests.worker.waiting import freeze, until

WORKER = ("worker", "tasks:queue", "--worker-id", "worker-01")
PROBE = ("health", "--database", "queue.db", "--worker", "worker-01")


def probe(project: Project, *arguments: str) -> tuple[int, str]:
    """The exit code of a probe, and its first line."""
    running = project.start(*(arguments or PROBE))
    code = running.code()
    return code, running.stdout().partition("\n")[0]


def test_a_probe_follows_the_life_of_a_worker(project: Project):
    """Not there yet; at work; stopped by a debugger; going on; killed; and known to be gone."""
    project.queue.database.initialize_schema()
    assert probe(project) == (2, "CRITICAL: 1 finding: unknown worker-01")
    worker = project.start(*WORKER)
    until(lambda: project.pids() == {worker.pid})
    assert probe(project) == (0, "OK: worker worker-01 is alive and well")
    worker.signal(signal.SIGKILL)
    worker.code()
    assert probe(project) == (2, "CRITICAL: 1 finding: lost worker-01")
    code, line = probe(project, "health", "--database", "queue.db")
    assert (code, line) == (2, "CRITICAL: 1 finding: lost worker-01")


def test_a_probe_sees_a_worker_that_is_stopped(project: Project):
    """From outside, by its missing beats, which its lock tells from death."""
    project.queue.database.initialize_schema()
    worker = project.start(*WORKER)
    until(lambda: project.pids() == {worker.pid})
    freeze(worker.process, project.queue.database.location)
    project.queue.database.execute(
        "UPDATE worker_facts SET beat_boot_ms = beat_boot_ms - 60000 WHERE worker_id = 'worker-01'"
    )
    assert probe(project) == (2, "CRITICAL: 1 finding: suspended worker-01")
    worker.signal(signal.SIGCONT)
    until(lambda: probe(project)[0] == 0)
    worker.signal(signal.SIGTERM)
    assert worker.code() == 0
    assert probe(project) == (2, "CRITICAL: 1 finding: unknown worker-01")


def test_a_probe_sees_a_worker_that_is_to_end(project: Project):
    """It finishes what it holds: a warning, and no reason to kill it."""
    worker = project.start(*WORKER)
    project.begin_to_hold()
    worker.signal(signal.SIGTERM)
    until(lambda: probe(project) == (1, "WARNING: 1 finding: draining worker-01"))
    project.go()
    assert worker.code() == 0
