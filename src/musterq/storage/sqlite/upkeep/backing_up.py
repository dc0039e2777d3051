"""A copy of a queue that can be used like the queue itself, verified."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from musterq.clock import Clock
from musterq.errors import QueueDatabaseError, QueueSchemaError
from musterq.storage.sqlite.connection import Connection, Driver
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.schema import SchemaState, check_current, state_of
from musterq.storage.sqlite.times import Moment
from musterq.storage.sqlite.upkeep import soundness
from musterq.storage.sqlite.upkeep.copying import Progress, connected, copy, finish
from musterq.storage.sqlite.upkeep.drift import model_of
from musterq.storage.sqlite.upkeep.setting_free import set_free

Read = Callable[[Callable[[Connection], None]], None]  # runs work on a connection to the source


class Terms(NamedTuple):
    """How a copy is made.

    Attributes:
        like: the file whose mode, owner and group it gets.
        verify: whether it is read through.
        progress: who is told of it.
        rest: seconds after each step.
        to_be_used: whether it takes the place of a queue; else it is kept.
    """

    like: str
    verify: bool
    progress: Progress
    rest: float = 0.0
    to_be_used: bool = False


class Copy(NamedTuple):
    """What a copy holds."""

    tasks: int
    given_back: int
    remarks: tuple[str, ...]


def write_copy(read: Read, source: str, path: Path, driver: Driver, clock: Clock, *, terms: Terms) -> Copy:
    """Copy a queue into the empty file ``path``, make it one of its own, verify it, and bring it to the disk.

    Raises:
        QueueSchemaError: the source is no queue, or one of a newer musterq.
        QueueDatabaseError: it cannot be read, or the copy not written, or the copy is damaged.
    """
    with connected(driver, str(path)) as target:
        read(lambda connection: copy(connection, target, terms.progress, rest=terms.rest))
        if terms.verify:
            _check_damage(target, source)
        written = _made_its_own(target, source, clock, driver, terms)
        if terms.to_be_used:
            target.row("PRAGMA journal_mode = WAL")
    finish(path, like=terms.like)
    return written


def check_is_queue(connection: Connection, location: str) -> SchemaState:
    """What tables it has: ours, or those of an older layout or version.

    Raises:
        QueueSchemaError: neither.
    """
    state = state_of(connection, location)
    if state in (SchemaState.EMPTY, SchemaState.FOREIGN):
        raise QueueSchemaError(f"{location} is not a musterq database; give the path of one")
    if state is SchemaState.NEWER:
        check_current(state, location)
    return state


def _made_its_own(target: Connection, source: str, clock: Clock, driver: Driver, terms: Terms) -> Copy:
    """Of one that nobody wants verified, as far as it can be read."""
    try:
        return _free_of_workers(target, source, Moment(clock), driver, terms)
    except QueueDatabaseError as error:
        if terms.verify:
            raise
        return Copy(0, 0, (f"it is damaged: {error.__cause__ or error}",))


def _free_of_workers(target: Connection, source: str, now: Moment, driver: Driver, terms: Terms) -> Copy:
    """One of an older layout or version is left as it is, and upgraded by whoever opens it."""
    state = check_is_queue(target, source)
    tasks = target.row(query("all_tasks"))[0]
    if state is not SchemaState.CURRENT:
        return Copy(tasks, 0, ())
    remarks = _remarks(target, driver) if terms.verify else ()
    return Copy(tasks, set_free(target, source, now, is_known=terms.to_be_used), remarks)


def _remarks(target: Connection, driver: Driver) -> tuple[str, ...]:
    """What the original has not right: a backup of it is better than none."""
    with model_of(driver) as model:
        try:
            return tuple(soundness.miscounts(target, model) + soundness.loose_rows(target))
        except QueueSchemaError as error:
            return (str(error),)


def _check_damage(target: Connection, source: str) -> None:
    if found := soundness.damage(target):
        raise QueueDatabaseError(
            f"the copy of {source} is damaged, as {source} itself may be: {'; '.join(found[:3])}; nothing of it is "
            "kept (look with musterq doctor --deep; a copy can be had without verifying it)"
        )
