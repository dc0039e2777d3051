"""The file as a patient: everything that can be looked at, with what is wrong and what to do."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator

from musterq.errors import QueueDatabaseError
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.upkeep import drift, plans, soundness, surroundings, vital_signs
from musterq.storage.sqlite.upkeep.drift import Drift
from musterq.storage.sqlite.upkeep.vital_signs import Patient
from musterq.upkeep import Fact

READ_BYTES = 256 * 1024 * 1024  # a larger file is read through only when that is asked for
_NAMED = 5


def facts(connection: Connection, patient: Patient, *, deep: bool) -> Iterator[Fact]:
    """All of them, section by section; what cannot be looked at, since the file is damaged, is told as such."""
    yield vital_signs.library(patient.driver)
    yield from _readable("file", patient, lambda: vital_signs.file(connection, patient))
    yield from vital_signs.log(patient)
    yield vital_signs.waits(patient.condition)
    yield from _readable("space", patient, lambda: vital_signs.space(connection, patient))
    yield surroundings.file_events(patient.path)
    with drift.model_of(patient.driver) as model:
        yield from _readable("schema", patient, lambda: _schema(connection, model, patient.path))
        yield from _readable("soundness", patient, lambda: _soundness(connection, model, patient, deep=deep))


def _readable(section: str, patient: Patient, look: Callable[[], Iterator[Fact]]) -> Iterator[Fact]:
    try:
        yield from look()
    except QueueDatabaseError as error:
        text = f"it cannot be looked at: {error}"
        yield Fact(
            section=section, fact=f"{section}_unreadable", verdict="critical", text=text, advice=_saved(patient.path)
        )


def _schema(connection: Connection, model: Connection, path: str) -> Iterator[Fact]:
    found = drift.drifts(connection, model)
    beyond = any(one.made.kind == "table" for one in found)
    yield _drifts(found, path, beyond=beyond)
    if not beyond:
        yield _plans(connection, model, path)


def _drifts(found: list[Drift], path: str, *, beyond: bool) -> Fact:
    if not found:
        text = "all tables, indexes, triggers and views are there"
        return Fact(section="schema", fact="schema", value=[], text=text)
    advice = (
        f"what a table has lost cannot be made again: {_restore(path)}"
        if beyond
        else f"{_repair(path)} makes them again, and counts anew what they count"
    )
    words = [one.words for one in found]
    text = f"not as it was made: {_some(words)}"
    return Fact(section="schema", fact="schema", verdict="critical", value=words, text=text, advice=advice)


def _plans(connection: Connection, model: Connection, path: str) -> Fact:
    found = list(plans.strays(connection, model))
    if not found:
        text = f"all {len(plans.HOT_QUERIES)} statements that run often find their rows by index"
        return Fact(section="schema", fact="plans", value=[], text=text)
    return Fact(
        section="schema",
        fact="plans",
        verdict="warning",
        value=found,
        text=f"slower the more tasks there are: {_some(found)}",
        advice=f"{_repair(path)} makes missing indexes again; if none is missing, DROP TABLE sqlite_stat1",
    )


def _soundness(connection: Connection, model: Connection, patient: Patient, *, deep: bool) -> Iterator[Fact]:
    size = patient.condition.database_bytes
    if size > READ_BYTES and not deep:
        text = f"not read through, since it has {surroundings.amount(size)}; --deep (deep=True) does it"
        yield Fact(section="soundness", fact="integrity", text=text)
        return
    began = time.monotonic()
    found = soundness.damage(connection, deep=deep)
    seconds = time.monotonic() - began
    how = "read through with its indexes" if deep else "read through"
    yield Fact(
        section="soundness",
        fact="integrity",
        verdict="critical" if found else "ok",
        value=found,
        text=f"the file is damaged: {_some(found)}" if found else f"{how} in {seconds:.1f} s: sound",
        advice=_saved(patient.path) if found else None,
    )
    if deep:
        yield _loose(soundness.loose_rows(connection))
    if deep and not found:
        yield _counts(soundness.miscounts(connection, model), patient.path)


def _loose(found: list[str]) -> Fact:
    if not found:
        return Fact(section="soundness", fact="references", value=[], text="every row refers to one that is there")
    text = f"{_some(found)}"
    advice = "delete these rows; they do no harm"
    return Fact(section="soundness", fact="references", verdict="warning", value=found, text=text, advice=advice)


def _counts(found: list[str], path: str) -> Fact:
    if not found:
        return Fact(section="soundness", fact="counts", value=[], text="what is counted is what a full count gives")
    return Fact(
        section="soundness",
        fact="counts",
        verdict="warning",
        value=found,
        text=f"not what a full count gives: {_some(found)}",
        advice=f"{_repair(path)} counts anew",
    )


def _repair(path: str) -> str:
    return f"musterq verify --repair --database {shlex.quote(path)}"


def _restore(path: str) -> str:
    return f"stop what uses it, then musterq restore BACKUP --force --database {shlex.quote(path)}"


def _saved(path: str) -> str:
    return f"{_restore(path)}; without a backup, sqlite3's .recover saves what can be"


def _some(words: list[str]) -> str:
    rest = len(words) - _NAMED
    return "; ".join(words[:_NAMED]) + (f"; and {rest} more" if rest > 0 else "")
