"""``musterq worker --reload``."""

from __future__ import annotations

import signal

from tests.cli.project import PROJECT, Project
from tests.worker.waiting import until


def test_a_change_of_the_code_starts_the_worker_anew(project: Project) -> None:
    """It says which file it was; a mistake is shown, and mended by the next change; Ctrl-C ends it at once."""
    running = project.start("worker", "tasks:queue", "--reload")
    assert project.queue.enqueue("version").wait(30) == 1
    project.write("def (")
    running.says("tasks.py changed")
    running.says("SyntaxError")
    running.says("starts anew when a Python file changes")
    project.write(PROJECT.replace("return 1", "return 2"))
    running.says("tasks.py changed", times=2)
    assert project.queue.enqueue("version").wait(30) == 2
    handle = project.begin_to_hold()
    running.signal(signal.SIGINT)
    assert running.code() == 0
    assert handle.status() == "queued"
    until(lambda: not project.queue.storage.workers())
