"""Limits by type."""

from __future__ import annotations

from typing import Protocol

from musterq.records import TypeLimit


class LimitVerbs(Protocol):
    """The verbs of limits."""

    def set_limit(self, type: str, limit: TypeLimit | None) -> None:
        """Let at most so many tasks of a type be claimed at once, and in a period; None: end its limit.

        It counts from the next claim on. What is in the bucket of an earlier rate stays there.
        """

    def limits(self) -> dict[str, TypeLimit]:
        """The limits by type, in order."""
