# ruff: noqa: ANN001, ANN003, PLR0917 - the arguments of a rule are drawn as its decorator says
"""The verbs as rules: each does the same to a storage and to the model, and compares what they say."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from musterq.models import FINISHED, Claim, ClaimRequest, NewTask, Outcome, SchedulingStrategy, TaskStatus
from tests.storage.engines import Engine
from tests.storage.history_model import ModelHistory
from tests.storage.queue_model import ModelQueue, ModelTask, S
from tests.support import MovableClock

types = st.sampled_from(["mail", "video", "audio"])
priorities = st.sampled_from([1, 2, 31, 32, 100, 500, 1000])
places_of_keys = st.sampled_from([(None, None), ("user:7", 1), ("user:8", 2), ("user:8", None)])
keys = st.none() | st.sampled_from(["k1", "k2", "k3"])
workers = st.sampled_from(["worker-1", "worker-2"])
places = st.integers(0, 30)
statuses = st.sampled_from(list(TaskStatus))


class VerbMachine(RuleBasedStateMachine):
    """One storage beside one model."""

    engine: Engine

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="musterq-properties-"))
        self.clock = MovableClock()
        self.storage = self.engine.open(self.folder, self.clock)
        self.storage.initialize_schema()
        self.sql = self.engine.plain_sql(self.storage)
        self.model = ModelQueue()
        self.history = ModelHistory(self.clock)
        self.had_place: set[tuple[int, str]] = set()  # of its concurrency key, after the last step
        self.claims: list[Claim] = []  # every claim there ever was, most of them lost by now

    def teardown(self) -> None:
        if hasattr(self, "storage"):
            self.sql.close()
            self.storage.close()
            shutil.rmtree(self.folder)

    # -- putting in ----------------------------------------------------------------------------------
    @rule(
        type=types,
        priority=priorities,
        gpu=st.booleans(),
        key=keys,
        delay=st.sampled_from([0, 0, 0, 7, 45]),
        life=st.sampled_from([None, None, None, 20]),
        max_attempts=st.sampled_from([1, 2, 5]),
        broken=st.sampled_from([False, False, False, True]),
        shared=places_of_keys,
    )
    def enqueue(self, type, priority, gpu, key, delay, life, max_attempts, broken, shared) -> None:
        now = self.clock.now()
        (made,) = self.storage.enqueue(
            [
                NewTask(
                    type=type,
                    payload="{broken" if broken else "{}",
                    priority=priority,
                    compatibility='{"gpu": true}' if gpu else "{}",
                    idempotency_key=key,
                    run_after=now + timedelta(seconds=delay) if delay else None,
                    expires_at=now + timedelta(seconds=delay + life) if life else None,
                    max_attempts=max_attempts,
                    concurrency_key=shared[0],
                    concurrency_limit=shared[1],
                )
            ]
        )
        known = self.model.by_key(key)
        assert made.created == (known is None)
        if known is not None:
            assert made.id == known.id
            return
        self.add(
            made.id,
            type=type,
            priority=priority,
            needs_gpu=gpu,
            key=key,
            status=S.SCHEDULED if delay else S.QUEUED,
            due=self.clock.time() + delay,
            expires=self.clock.time() + delay + life if life else None,
            max_attempts=max_attempts,
            broken=broken,
            created=self.clock.time(),
        )
        self.history.happen(type, "enqueued")

    def add(self, task_id: int, **facts) -> None:
        assert task_id not in self.model.tasks
        self.model.tasks[task_id] = ModelTask(id=task_id, **facts)

    # -- attempts ------------------------------------------------------------------------------------
    @rule(
        worker=workers,
        strategy=st.sampled_from(list(SchedulingStrategy)),
        limit=st.integers(1, 4),
        wanted=st.none() | st.frozensets(types, min_size=1, max_size=2),
        gpu=st.booleans(),
        lease=st.sampled_from([10, 60, 600, None]),
        seed=st.integers(0, 5),
    )
    def claim(self, worker, strategy, limit, wanted, gpu, lease, seed) -> None:
        """First what a claim brings back, by a worker that may take nothing; then the claim, which must be right."""
        self.bring_back()
        queued = self.model.eligible(wanted, gpu=gpu)
        held = self.stored_ids("held = 1")
        before = [task for task in queued if task.id not in held]
        request = ClaimRequest(
            worker_id=worker,
            limit=limit,
            types=wanted,
            capabilities={"gpu": gpu} if gpu else {},
            strategy=strategy,
            lease_seconds=lease,
            seed=seed,
        )
        claims = self.storage.claim(request)
        runnable = {task.id for task in before if not self.cannot_run(task)}
        if self.stored_ids("concurrency_key IS NOT NULL") & ({task.id for task in before} - runnable):
            # one that fails lets the next of its key in, in the same claim
            assert min(limit, len(runnable)) <= len(claims) <= limit
            assert {claim.task_id for claim in claims} <= runnable | held
        else:
            assert len(claims) == min(limit, len(runnable))
            assert {claim.task_id for claim in claims} <= runnable
            if strategy is not SchedulingStrategy.WEIGHTED_RANDOM:
                self.check_order(claims, before, strategy, limit)
        self.fail_what_cannot_run(queued)
        for claim in claims:
            self.hold(claim)

    def bring_back(self) -> None:
        nobody = ClaimRequest(worker_id="nobody", types=frozenset(["none"]), register_unknown=False)
        assert self.storage.claim(nobody) == []
        self.model.promote(self.clock.time(), 100)
        self.follow_rescue()

    def cannot_run(self, task: ModelTask) -> bool:
        return task.broken or self.is_expired(task)

    def is_expired(self, task: ModelTask) -> bool:
        """One that was started once does not expire any more."""
        never_started = task.attempts == task.crashes == 0
        return never_started and task.expires is not None and task.expires <= self.clock.time()

    def check_order(self, claims, before, strategy, limit) -> None:
        order = [task for task in self.model.in_order(before, strategy) if not self.cannot_run(task)]
        assert [claim.task_id for claim in claims] == [task.id for task in order[:limit]]

    def fail_what_cannot_run(self, before) -> None:
        """Those that the claim came across; it may have been full before it came to the others."""
        stored = self.stored_statuses()
        for task in before:
            if stored[task.id] is S.FAILED:
                assert self.cannot_run(task)
                what = "expired" if self.is_expired(task) else "failed"
                self.model.move(task, S.FAILED, "claim")
                self.history.happen(task.type, what)
                task.token, task.error = None, f"{what}: "
                task.started, task.finished = None, self.clock.time()

    def hold(self, claim: Claim) -> None:
        task = self.model.tasks[claim.task_id]
        assert task.status is not S.PROCESSING, "two claims hold one task"
        assert claim.claim_token not in {known.claim_token for known in self.claims}
        self.model.move(task, S.PROCESSING, "claim")
        task.attempts += 1
        assert claim.attempts == task.attempts
        task.token, task.cancel_requested = claim.claim_token, False
        task.started = self.clock.time()
        self.history.happen(task.type, "started", task.wait_ms(self.clock.time()))
        self.claims.append(claim)

    @precondition(lambda self: self.claims)
    @rule(place=places, how=st.sampled_from([s for s in S if s is not S.PROCESSING]), wait=st.sampled_from([0, 0, 30]))
    def finish(self, place, how, wait) -> None:
        """By whoever has any claim, held or lost long ago; the latest ones first."""
        claim = self.claims[-1 - place % len(self.claims)]
        (held,) = self.storage.finish([Outcome(claim=claim, status=how, error="bad", retry_in_seconds=wait)])
        assert held == self.model.holds(claim.task_id, claim.claim_token)
        if held:
            self.end(claim, how, wait)
        else:
            self.history.happen(claim.type, "refused")

    def lost_claims(self) -> list[Claim]:
        """Claims of tasks that somebody else holds by now."""
        tasks = self.model.tasks
        return [
            claim
            for claim in self.claims
            if claim.task_id in tasks
            and tasks[claim.task_id].status is S.PROCESSING
            and tasks[claim.task_id].token != claim.claim_token
        ]

    @precondition(lambda self: self.lost_claims())
    @rule(place=places)
    def finish_late(self, place) -> None:
        """Whoever comes too late changes nothing, to the last column."""
        lost = self.lost_claims()
        claim = lost[place % len(lost)]
        before = self.storage.get(claim.task_id)
        late = [Outcome(claim=claim, status=how, error="late") for how in S if how is not S.PROCESSING]
        assert self.storage.finish(late) == [False] * len(late)
        for _ in late:
            self.history.happen(claim.type, "refused")
        assert not self.storage.extend(claim, 60)
        assert self.storage.get(claim.task_id) == before

    @precondition(lambda self: any(self.model.holds(claim.task_id, claim.claim_token) for claim in self.claims))
    @rule(place=places)
    def release_and_take_again(self, place) -> None:
        """One worker gives a task back, and another has it at once: the claims differ in the token alone."""
        held = [claim for claim in self.claims if self.model.holds(claim.task_id, claim.claim_token)]
        claim = held[place % len(held)]
        assert self.storage.finish([Outcome(claim=claim, status=S.QUEUED)]) == [True]
        self.end(claim, S.QUEUED, 0)
        self.claim(claim.worker_id, SchedulingStrategy.LIFO, 4, None, True, 60, 0)  # noqa: FBT003 - as a rule draws it

    def end(self, claim: Claim, how: TaskStatus, wait: float) -> None:
        task = self.model.tasks[claim.task_id]
        was_started = task.started is not None
        self.move_to_its_end(task, how, wait)
        run_ms = max(0, round((self.clock.time() - claim.claimed_at) * 1000))
        what = {S.SCHEDULED: "retried", S.QUEUED: "released"}.get(task.status, task.status.value)
        if what != "released" or was_started:
            type = claim.type if task.status is S.COMPLETED else task.type
            self.history.happen(type, what, run_ms if what in ("completed", "failed", "retried") else None)
        if how is not S.QUEUED:
            task.error = None if how is S.COMPLETED else "bad"
        task.finished = self.clock.time() if task.status in FINISHED else None
        if how is S.QUEUED or task.status is S.SCHEDULED:
            task.started = None

    def move_to_its_end(self, task: ModelTask, how: TaskStatus, wait: float) -> None:
        if how is S.QUEUED:
            task.attempts = max(task.attempts - 1, 0)
            self.model.move(task, S.CANCELLED if task.cancel_requested else S.QUEUED, "release")
        elif how is S.SCHEDULED and task.cancel_requested:
            self.model.move(task, S.CANCELLED, "finish")
        elif how is S.SCHEDULED and task.attempts >= task.max_attempts:
            self.model.move(task, S.FAILED, "finish")
        else:
            self.model.move(task, how, "finish")
            task.due = self.clock.time() + wait if how is S.SCHEDULED else task.due
        task.token = None

    @precondition(lambda self: self.claims)
    @rule(place=places, seconds=st.sampled_from([1, 60]))
    def extend(self, place, seconds) -> None:
        claim = self.claims[-1 - place % len(self.claims)]
        held = self.model.holds(claim.task_id, claim.claim_token)
        assert self.storage.extend(claim, seconds) == held
        assert self.storage.progress(claim, 0.5, None) == held

    # -- by hand -------------------------------------------------------------------------------------
    @precondition(lambda self: self.model.tasks)
    @rule(place=places)
    def cancel(self, place) -> None:
        task = self.any_task(place)
        assert self.storage.cancel(task.id) == (task.status in (S.QUEUED, S.SCHEDULED, S.PROCESSING))
        if task.status is S.PROCESSING:
            task.cancel_requested = True
        elif task.status in (S.QUEUED, S.SCHEDULED):
            self.model.move(task, S.CANCELLED, "cancel")
            self.history.happen(task.type, "cancelled")
            task.finished = self.clock.time()

    @precondition(lambda self: self.model.tasks)
    @rule(place=places, delay=st.sampled_from([0, 20]))
    def retry(self, place, delay) -> None:
        task = self.any_task(place)
        finished = task.status in (S.COMPLETED, S.FAILED, S.CANCELLED)
        assert self.storage.retry(task.id, delay_seconds=delay) == finished
        if finished:
            self.model.move(task, S.SCHEDULED if delay else S.QUEUED, "retry")
            task.attempts, task.cancel_requested, task.expires = 0, False, None
            task.crashes, task.error, task.came_due = 0, None, None if delay else self.clock.time()
            task.forget_run()
            if delay or task.due > self.clock.time():  # what it was put off to is forgotten
                task.due = self.clock.time() + delay if delay else self.stored_due(task)

    @rule(type=types)
    def pause_or_resume(self, type) -> None:
        if type in self.model.paused:
            assert self.storage.resume(type)
        else:
            self.storage.pause(type)
        self.model.paused ^= {type}
        assert self.storage.paused_types() == sorted(self.model.paused)

    def any_task(self, place: int) -> ModelTask:
        ids = sorted(self.model.tasks, reverse=True)
        return self.model.tasks[ids[place % len(ids)]]

    # -- time ----------------------------------------------------------------------------------------
    @rule(seconds=st.sampled_from([0.001, 5, 11, 61, 700, 4000, 100_000]))
    def time_passes(self, seconds) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from([-40, -1, 30]))
    def wall_clock_is_set(self, seconds) -> None:
        self.clock.set_wall_clock(seconds)

    @rule()
    def keep_history(self) -> None:
        """Also what a claim does with what happened before its minute."""
        self.storage.keep_history()
        self.history.keep({type: n for (type, status), n in self.model.counts().items() if status is S.QUEUED})

    @rule()
    def fold(self) -> None:
        """As a claim does that finds nothing, but what was lost."""
        self.bring_back()

    @rule(limit=st.sampled_from([1, 100]))
    def promote(self, limit) -> None:
        try:
            expected = self.model.promote(self.clock.time(), limit)
        except ValueError:
            expected = self.model.promote(self.clock.time(), limit := 100)
        assert self.storage.promote(limit) == expected

    @rule()
    def rescue(self) -> None:
        rescued = self.storage.rescue_expired()
        moved = self.follow_rescue()
        assert moved == {
            **dict.fromkeys(rescued.queued, S.QUEUED),
            **dict.fromkeys(rescued.failed, S.FAILED),
            **dict.fromkeys(rescued.cancelled, S.CANCELLED),
        }
        assert self.storage.rescue_expired().queued == ()

    @rule(worker=workers)
    def remove_worker(self, worker) -> None:
        known = self.storage.worker(worker) is not None
        held = {
            task_id
            for (task_id,) in self.sql.execute(
                "SELECT id FROM task_queue WHERE status = 'processing' AND locked_by = ?", (worker,)
            )
        }
        assert self.storage.remove_worker(worker) == known
        assert set(self.follow_rescue()) == (held if known else set())

    @rule(worker=workers)
    def beat(self, worker) -> None:
        assert self.storage.heartbeat(worker) == (self.storage.worker(worker) is not None)

    def follow_rescue(self) -> dict[int, TaskStatus]:
        """Take over what a rescue moved, each by a move that a rescue may make; what was cancelled is not run again."""
        moved = {}
        for task_id, status in self.stored_statuses().items():
            task = self.model.tasks[task_id]
            if status is not task.status:
                assert (status is S.CANCELLED) == task.cancel_requested
                self.model.move(task, status, "rescue")
                self.tell_rescue(task)
                task.attempts, task.token = max(task.attempts - 1, 0), None
                moved[task_id] = status
        return moved

    def tell_rescue(self, task: ModelTask) -> None:
        self.history.happen(task.type, "rescued")
        if task.started is not None:
            self.history.happen(task.type, "crashed")
            task.crashes += 1
        if task.status in FINISHED:
            self.history.happen(task.type, task.status.value)
            task.error = "lost"
        task.started, task.finished = None, self.clock.time() if task.status in FINISHED else None

    def stored_due(self, task: ModelTask) -> float:
        stored = self.storage.get(task.id)
        assert stored is not None
        return stored.run_after_utc.timestamp()

    def stored_ids(self, condition: str) -> set[int]:
        return {task_id for (task_id,) in self.sql.execute(f"SELECT id FROM task_queue WHERE {condition}")}

    def stored_statuses(self) -> dict[int, TaskStatus]:
        return {task_id: TaskStatus(s) for task_id, s in self.sql.execute("SELECT id, status FROM task_queue")}
