"""Tasks and workers as rows, and the moves that a task may make."""

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musterq.models import FINISHED, MOVES, Task, TaskStatus, Worker

TASK = {"id": 7, "type": "mail", "payload": '{"to": "a"}', "compatibility": '{"gpu": true}'}
WORKER = {"worker_id": "w", "capabilities": '{"cpu": 8}', "heartbeat_utc": "2026-03-01 12:00:00.250"}
HEARTBEAT = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
STAMPS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda moment: f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"
)
S = TaskStatus
DESIGNED = {
    None: {S.QUEUED, S.SCHEDULED},
    S.SCHEDULED: {S.QUEUED, S.CANCELLED},
    S.QUEUED: {S.PROCESSING, S.CANCELLED, S.FAILED, S.SCHEDULED},
    S.PROCESSING: {S.COMPLETED, S.FAILED, S.SCHEDULED, S.QUEUED, S.CANCELLED},
    S.FAILED: {S.QUEUED, S.SCHEDULED},
    S.CANCELLED: {S.QUEUED, S.SCHEDULED},
    S.COMPLETED: {S.QUEUED, S.SCHEDULED},
}


def test_the_moves_are_those_of_the_design():
    """Everything in the table and nothing else, from every status."""
    assert {source: set(targets) for source, targets in MOVES.items()} == DESIGNED


@pytest.mark.parametrize("source", MOVES)
def test_every_move_has_a_verb(source: TaskStatus | None):
    """And no task moves to where it stands."""
    assert all(verbs for verbs in MOVES[source].values())
    assert source not in MOVES[source]


def test_a_finished_task_moves_only_by_hand():
    """Nothing but a retry brings it back; every other status has a way to an end."""
    by_hand = {s for s, targets in MOVES.items() if s and {v for verbs in targets.values() for v in verbs} == {"retry"}}
    assert by_hand == FINISHED


def row_of(values: dict[str, Any]):
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    columns = ", ".join(f'? AS "{name}"' for name in values)
    row = connection.execute(f"SELECT {columns}", tuple(values.values())).fetchone()
    connection.close()
    return row


@pytest.mark.parametrize("as_row", [dict, row_of])
def test_a_task_is_made_of_a_row(as_row: Callable[[dict[str, Any]], Any]):
    """Of a dict or a row read by name; what is missing has its default, what is unknown is left out."""
    task = Task.from_dict(as_row(TASK | {"created_at_utc": "2026-03-01T12:00:00Z", "region": "eu"}))
    assert task == Task(**TASK, created_at_utc=datetime(2026, 3, 1, 12, tzinfo=UTC))
    assert (task.status, task.priority, task.max_attempts) == ("queued", 100, 5)


@given(st.dictionaries(st.sampled_from([f for f in Task.__struct_fields__ if f.endswith("_utc")]), STAMPS))
def test_a_task_comes_back_from_its_dict(stamps: dict[str, str]):
    """Times are stored text in it, so the dict can be written as JSON."""
    shape = Task.from_dict(TASK | stamps).to_dict()
    assert {name: shape[name] for name in stamps} == stamps
    assert Task.from_dict(json.loads(json.dumps(shape))) == Task.from_dict(TASK | stamps)


def test_the_dict_of_a_task_has_every_column():
    """Also those that are at their defaults."""
    assert tuple(Task.from_dict(TASK).to_dict()) == Task.__struct_fields__


@pytest.mark.parametrize("column", ["id", "type", "payload"])
def test_a_row_without_a_needed_column_is_refused(column: str):
    """By the name of what is missing."""
    row = {name: value for name, value in TASK.items() if name != column}
    with pytest.raises(KeyError, match=column):
        Task.from_dict(row)


def test_the_json_of_a_task_is_decoded_when_asked():
    """Its payload, its compatibility, its result."""
    task = Task(**TASK, result="[1, null]")
    assert task.get_payload_dict() == {"to": "a"}
    assert task.get_compatibility_dict() == {"gpu": True}
    assert task.get_result() == [1, None]


def test_a_task_without_a_result_has_none():
    """It has not completed yet."""
    assert Task(**TASK).get_result() is None


def test_a_broken_payload_is_a_value_error():
    """Plain SQL can put in anything."""
    with pytest.raises(ValueError, match="Expecting"):
        Task(id=1, type="mail", payload="{broken").get_payload_dict()


@pytest.mark.parametrize("as_row", [dict, row_of])
def test_a_worker_is_made_of_a_row_and_comes_back(as_row: Callable[[dict[str, Any]], Any]):
    """Its heartbeat is an aware datetime in Python and text in the dict."""
    worker = Worker.from_dict(as_row(WORKER))
    assert worker == Worker(worker_id="w", capabilities='{"cpu": 8}', heartbeat_utc=HEARTBEAT)
    assert worker.get_capabilities_dict() == {"cpu": 8}
    assert worker.to_dict() == WORKER


@pytest.mark.parametrize("column", ["worker_id", "heartbeat_utc"])
def test_a_worker_has_an_id_and_a_heartbeat(column: str):
    """Without them a row is not one."""
    with pytest.raises(KeyError, match=column):
        Worker.from_dict({name: value for name, value in WORKER.items() if name != column})
