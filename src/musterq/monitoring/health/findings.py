"""A finding of health: what is wrong, how badly, since when, and what to do."""

from __future__ import annotations

from typing import Any

import msgspec

from musterq.monitoring.health.thresholds import CRITICAL, WARNING

#: Worst first.
SEVERITIES = (CRITICAL, WARNING)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not well.

    Attributes:
        subject: the worker, type, schedule or expectation that it is about; None: the whole queue.
        what: a sentence.
        since_utc: as far as that is known; text.
        advice: what to do, with the command to run.
    """

    severity: str
    check: str
    subject: str | None = None
    what: str
    since_utc: str | None = None
    advice: str

    def to_dict(self) -> dict[str, Any]:
        """A plain dict."""
        return msgspec.structs.asdict(self)


def counted(n: int, what: str) -> str:
    """``1 task``, ``1,200 tasks``."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"
