"""The database as a patient: how it is, whether it is sound, and what keeps it so."""

from __future__ import annotations

from typing import Protocol

from musterq.records import Condition


class CareVerbs(Protocol):
    """The verbs of care."""

    def condition(self) -> Condition:
        """Sizes, the log, and how long writers waited: at the same small cost at any size."""
