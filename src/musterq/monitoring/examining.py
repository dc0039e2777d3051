"""The database as a patient: everything about it that can be looked at."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

import msgspec

from musterq.errors import QueueDatabaseError, QueueSchemaError
from musterq.monitoring import worker_facts
from musterq.monitoring.part import Part
from musterq.upkeep import Fact


class Examining(Part):
    """How the database is."""

    def examine(self, deep: bool = False) -> list[dict[str, Any]]:  # noqa: FBT001, FBT002  # as it is called
        """Look at the database, at what is around it, and at what its workers run on, without changing anything.

        Args:
            deep: Read all of it through and compare indexes with their tables, however large it is.

        Returns a list of dicts with these keys, each a thing that was looked at:
            section (str): What it belongs to: ``versions``, ``file``, ``log``, ``writers``, ``space``, ``system``,
                ``schema``, ``soundness``, ``workers``.
            fact (str): Its name, unique, such as ``log_bytes``.
            verdict (str): ``ok``, ``warning`` or ``critical``.
            value (Any): What was found: a number, a text, a list, a dict, or None.
            text (str): The same as a sentence.
            advice (str | None): What to do.

        Raises:
            QueueDatabaseError: the database could not do it.
        """
        facts = [*_own_versions(), *self._storage.examine(deep=bool(deep)), *self._of_workers()]
        return [msgspec.structs.asdict(fact) for fact in facts]

    def _of_workers(self) -> list[Fact]:
        try:
            activity = self._storage.worker_activity()
        except QueueSchemaError:
            raise
        except QueueDatabaseError as error:  # a damaged file: more of it can be told
            text = f"the roll cannot be read: {error}"
            return [Fact(section="workers", fact="workers_unreadable", verdict="critical", text=text)]
        return list(worker_facts.facts(activity, version("musterq"), self._storage.clock.now()))


def _own_versions() -> list[Fact]:
    ours, python = version("musterq"), platform.python_version()
    return [
        Fact(section="versions", fact="musterq", value=ours, text=f"musterq {ours}"),
        Fact(section="versions", fact="python", value=python, text=f"Python {python}"),
    ]
