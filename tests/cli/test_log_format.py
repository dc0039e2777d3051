"""``--log-format json``: every line on stderr is an object, whoever writes it."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from tests.cli.project import PROJECT, Project, Running

TALKATIVE = (
    PROJECT
    + """
import logging

@queue.task(max_attempts=1)
def talk(words: str) -> int:
    logging.getLogger("shop").warning("so: %s", words, extra={"words": len(words)})
    return os.getpid()
"""
)


def objects(running: Running) -> list[dict[str, Any]]:
    return [json.loads(line) for line in running.lines]


def of_event(running: Running, name: str) -> dict[str, Any]:
    (found,) = [line for line in objects(running) if line.get("event") == name]
    return found


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_a_worker_and_its_handlers_write_objects(project: Project, executor: str) -> None:
    """In child processes as in threads."""
    project.write(TALKATIVE)
    good = project.queue.enqueue("talk", {"words": "one\ntwo"})
    bad = project.queue.enqueue("talk", {"no": "words"})
    options = ("--burst", "--log-format", "json", "--executor", executor, "--worker-id", "w1", "--concurrency", "1")
    running = project.start("worker", "tasks:queue", *options)
    assert running.code() == 0
    assert (good.wait(0) != running.pid) is (executor == "processes")
    said = of_event(running, "worker.announced")
    assert (said["target"], said["level"], said["logger"]) == ("tasks:queue", "INFO", "musterq.worker")
    assert of_event(running, "worker.started")["types"] == ["die", "hold", "talk", "version"]
    failed = of_event(running, "task.failed")
    assert (failed["task_id"], failed["type"], failed["worker_id"], failed["attempt"]) == (bad.id, "talk", "w1", 1)
    (line,) = [line for line in objects(running) if line["logger"] == "shop"]
    del line["time"]
    assert line == {
        "level": "WARNING",
        "logger": "shop",
        "message": "so: one\ntwo",
        "words": 7,
        "task_id": good.id,
        "attempt": 1,
        "worker_id": "w1",
    }


def test_text_lines_of_handlers_look_alike_in_child_processes(project: Project) -> None:
    """As those of threads do."""
    project.write(TALKATIVE)
    project.queue.enqueue("talk", {"words": "one\ntwo"})
    running = project.start("worker", "tasks:queue", "--burst", "--executor", "processes")
    assert running.code() == 0
    (line,) = [line for line in running.lines if "so: " in line]
    assert line.endswith("WARNING so: one\\ntwo\n")


def test_a_module_that_sets_up_logging_keeps_its_way_in_child_processes(project: Project) -> None:
    """As it does in its worker."""
    project.write(TALKATIVE + 'logging.basicConfig(format="mine: %(message)s")\n')
    project.queue.enqueue("talk", {"words": "one"})
    running = project.start("worker", "tasks:queue", "--burst", "--executor", "processes", "--log-format", "json")
    assert running.code() == 0
    assert "mine: so: one\n" in running.lines


@pytest.mark.parametrize("place", ["environment", "file"])
def test_the_format_may_stand_elsewhere(project: Project, place: str) -> None:
    """As other options of a worker."""
    if place == "file":
        (project.folder / "musterq.toml").write_text('[worker]\nlog_format = "json"\n')
    environment = {"MUSTERQ_LOG_FORMAT": "json"} if place == "environment" else {}
    running = project.start("worker", "tasks:queue", "--burst", **environment)
    assert running.code() == 0
    assert of_event(running, "worker.stopped")["reason"] == "drained"


def test_supervisor_and_workers_write_objects(project: Project) -> None:
    """Also when it is told in the middle of the work, and a line for the eyes is left out."""
    running = project.start("supervise", "-n", "1", "--log-format", "json", "tasks:queue")
    running.says("supervisor.started")
    project.begin_to_hold()
    running.signal(signal.SIGTERM)
    running.says("worker.stopping")
    project.go()
    assert running.code() == 0
    events = [line["event"] for line in objects(running)]
    assert {"process.started", "worker.announced", "worker.stopped", "supervisor.stopped"} <= set(events)


def test_a_supervisor_takes_the_format_of_its_workers(project: Project) -> None:
    """Wherever they have it from."""
    (project.folder / "musterq.toml").write_text('[worker]\nlog_format = "json"\n')
    running = project.start("supervise", "-n", "1", "tasks:queue")
    running.says("supervisor.started")
    running.signal(signal.SIGTERM)
    assert running.code() == 0
    assert of_event(running, "supervisor.stopped")["level"] == "INFO"


def test_the_exporter_writes_objects(project: Project) -> None:
    """By the same option, or the same variable."""
    project.queue.enqueue("version")
    running = project.start("exporter", "--port", "0", "--database", "queue.db", MUSTERQ_LOG_FORMAT="json")
    running.says("exporter.started")
    running.signal(signal.SIGTERM)
    assert running.code() == 0
    assert of_event(running, "exporter.started")["url"].startswith("http://127.0.0.1:")


def test_another_format_is_refused(project: Project) -> None:
    """With those that there are."""
    running = project.start("worker", "tasks:queue", "--log-format", "xml")
    assert running.code() == 2
    (line,) = running.lines
    assert "--log-format 'xml': log_format='xml' is unknown; give one of: text, json" in line
