# ruff: noqa: ANN001, ANN003 - the arguments of a rule are drawn as its decorator says
"""Any sequence of verbs and plain SQL: the queue does what the simple model says, and every count equals a full count.

Normally bounded to some seconds; ``HYPOTHESIS_PROFILE=thorough`` searches for minutes.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from tests.storage.engines import ENGINES, Engine
from tests.storage.making import check_counts
from tests.storage.queue_machine import VerbMachine, keys, places, places_of_keys, priorities, statuses, types
from tests.storage.queue_model import S

PROFILES = {"default": (150, 50), "thorough": (3000, 80)}
EXAMPLES, STEPS = PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "default")]


LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC).timestamp()  # what rows that plain SQL puts in say to be due at


class QueueMachine(VerbMachine):
    """The verbs, plain SQL between them, and what holds after each step."""

    # -- plain SQL -----------------------------------------------------------------------------------
    @rule(type=types, priority=priorities, status=statuses, gpu=st.booleans())
    def insert_by_sql(self, type, priority, status, gpu) -> None:
        ((task_id,),) = self.sql.execute(
            "INSERT INTO task_queue (type, payload, priority, status, compatibility, run_after_utc) "
            "VALUES (?, '{}', ?, ?, ?, '2020-01-01') RETURNING id",
            (type, priority, status.value, '{"gpu": true}' if gpu else "{}"),
        )
        self.add_by_sql(task_id, type=type, priority=priority, needs_gpu=gpu, status=status)

    def add_by_sql(self, task_id, **facts) -> None:
        self.add(task_id, **facts, due=LONG_AGO, created=self.stored_creation(task_id))
        self.history.happen(facts["type"], "enqueued", by_real_clock=True)

    def stored_creation(self, task_id: int) -> float:
        stored = self.storage.get(task_id)
        assert stored is not None
        return stored.created_at_utc.timestamp()

    @precondition(lambda self: self.model.tasks)
    @rule(place=places, status=statuses)
    def status_by_sql(self, place, status) -> None:
        task = self.any_task(place)
        now = self.clock.text()
        self.sql.execute(
            "UPDATE task_queue SET status = ?, updated_at_utc = ? WHERE id = ?", (status.value, now, task.id)
        )
        self.tell_move(task, status)
        task.status = status

    def tell_move(self, task, status) -> None:
        if status is task.status:
            return
        ran = task.status is S.PROCESSING
        if status is S.FAILED and not ran and (task.error or "").startswith("expired"):
            self.history.happen(task.type, "expired")
        elif status in (S.COMPLETED, S.FAILED):
            self.history.happen(task.type, status.value, task.run_ms() if ran else None)
        elif status is S.CANCELLED:
            self.history.happen(task.type, "cancelled")
        elif status is S.PROCESSING:
            self.history.happen(task.type, "started")
        elif ran and status is S.SCHEDULED:
            self.history.happen(task.type, "retried", task.run_ms())
        elif ran and task.started is not None:
            self.history.happen(task.type, "released")

    @precondition(lambda self: self.model.tasks)
    @rule(place=places, priority=priorities, type=types, gpu=st.booleans())
    def lane_by_sql(self, place, priority, type, gpu) -> None:
        task = self.any_task(place)
        task.priority, task.type, task.needs_gpu = priority, type, gpu
        self.sql.execute(
            "UPDATE task_queue SET priority = ?, type = ?, compatibility = ? WHERE id = ?",
            (priority, type, '{"gpu": true}' if gpu else "{}", task.id),
        )

    @precondition(lambda self: self.model.tasks)
    @rule(place=places, shared=places_of_keys)
    def concurrency_key_by_sql(self, place, shared) -> None:
        self.sql.execute(
            "UPDATE task_queue SET concurrency_key = ?, concurrency_limit = ? WHERE id = ?",
            (*shared, self.any_task(place).id),
        )

    @precondition(lambda self: self.model.tasks)
    @rule(place=places)
    def delete_by_sql(self, place) -> None:
        task = self.any_task(place)
        self.sql.execute("DELETE FROM task_queue WHERE id = ?", (task.id,))
        del self.model.tasks[task.id]

    @precondition(lambda self: self.model.tasks)
    @rule(place=places, type=types, key=keys)
    def replace_by_sql(self, place, type, key) -> None:
        """By id and perhaps by key as well, as SQLite's own clause does it; elsewhere in two statements."""
        task = self.any_task(place)
        other = self.model.by_key(key)
        values = (task.id, type, key)
        if self.engine.name.startswith("sqlite"):
            self.sql.execute(
                "INSERT OR REPLACE INTO task_queue (id, type, payload, idempotency_key, run_after_utc) "
                "VALUES (?, ?, '{}', ?, '2020-01-01')",
                values,
            )
        else:
            self.sql.execute("DELETE FROM task_queue WHERE id = ? OR idempotency_key = ?", (task.id, key))
            self.sql.execute(
                "INSERT INTO task_queue (id, type, payload, idempotency_key, run_after_utc) "
                "VALUES (?, ?, '{}', ?, '2020-01-01')",
                values,
            )
        for gone in {task.id} | ({other.id} if other else set()):
            del self.model.tasks[gone]
        self.add_by_sql(task.id, type=type, priority=100, needs_gpu=False, status=S.QUEUED, key=key)

    @rule(type=types, key=st.sampled_from(["k1", "k2", "k3"]), replace=st.booleans())
    def upsert_by_sql(self, type, key, replace) -> None:
        action = (
            "DO UPDATE SET type = excluded.type, idempotency_key = excluded.idempotency_key"
            if replace
            else "DO NOTHING"
        )
        rows = self.sql.execute(
            "INSERT INTO task_queue (type, payload, idempotency_key, run_after_utc) VALUES (?, '{}', ?, '2020-01-01') "
            f"ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL {action} RETURNING id",
            (type, key),
        )
        known = self.model.by_key(key)
        if known is None:
            self.add_by_sql(rows[0][0], type=type, priority=100, needs_gpu=False, status=S.QUEUED, key=key)
        elif replace:
            known.type = type

    # -- what always holds ---------------------------------------------------------------------------
    @invariant()
    def the_model_is_right(self) -> None:
        if hasattr(self, "model"):
            assert self.stored_statuses() == {task.id: task.status for task in self.model.tasks.values()}
            assert self.storage.task_counts() == self.model.counts()

    @invariant()
    def every_count_is_a_full_count(self) -> None:
        if hasattr(self, "model"):
            check_counts(self.storage)
            self.engine.verify_counts(self.storage)

    @invariant()
    def the_history_is_right(self) -> None:
        """All that ever happened, and when: of each type and of all, brought into the history or not."""
        if hasattr(self, "model"):
            self.history.check(self.storage)
            self.clock.advance(0.001)  # so that no two changes of a row are of one moment

    @invariant()
    def nobody_gets_a_place_that_is_not_free(self) -> None:
        """A key may have more tasks in places than it says now, but then no task that waits has just come in."""
        if hasattr(self, "model"):
            rows = self.sql.execute(
                "SELECT id, concurrency_key, ifnull(concurrency_limit, 1), status, held FROM task_queue "
                "WHERE concurrency_key IS NOT NULL ORDER BY id"
            )
            now = {(task_id, key) for task_id, key, _, status, held in rows if self.has_place(status, held)}
            waiting = {(task_id, key) for task_id, key, _, status, _ in rows if status == S.QUEUED}
            for key, most in {key: limit for _, key, limit, _, _ in rows}.items():
                new = {place for place in (now & waiting) - self.had_place if place[1] == key}
                assert not new or sum(place[1] == key for place in now) <= most
            self.had_place = now

    def has_place(self, status: str, held: int) -> bool:
        return status == S.PROCESSING or (status == S.QUEUED and not held)

    @invariant()
    def keys_are_unique(self) -> None:
        if hasattr(self, "model"):
            stored = self.sql.execute("SELECT id, idempotency_key FROM task_queue WHERE idempotency_key IS NOT NULL")
            assert sorted(tuple(row) for row in stored) == sorted(
                (t.id, t.key) for t in self.model.tasks.values() if t.key
            )
            assert len({key for _, key in stored}) == len(stored)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("engine", ENGINES[:1], ids=lambda engine: engine.name)
def test_the_queue_does_what_the_model_says(engine: Engine):
    """After every step: statuses, counts, keys, and who holds what."""
    machine = type("Machine", (QueueMachine,), {"engine": engine})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
