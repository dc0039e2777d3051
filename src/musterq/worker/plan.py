"""What a supervisor knows of the workers that it starts."""

from __future__ import annotations

from typing import Any

import msgspec


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How its workers are set up, as `musterq worker --check` tells; no code of the user runs in the supervisor.

    Attributes:
        grace: seconds for which a stopping worker waits for what runs.
        worker_id: what their names begin with; None: what names this process.
    """

    database: str
    types: frozenset[str]
    capabilities: dict[str, Any]
    concurrency: int
    grace: float
    worker_id: str | None
    burst: bool
    log_format: str = "text"
