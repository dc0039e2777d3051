"""What a worker process knows of itself when it registers: its name, where it runs, on what, and how it is set up."""

from __future__ import annotations

import json
import os
import platform
import secrets
import socket
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from musterq.models import SchedulingStrategy, WorkerFacts

LONGEST_HOST = 200


def default_worker_id() -> str:
    """Host, process id, and what tells the workers of one process apart."""
    return f"{socket.gethostname()[:LONGEST_HOST]}-{os.getpid()}-{secrets.token_hex(3)}"


def own_facts(
    *,
    concurrency: int,
    strategy: SchedulingStrategy,
    types: Iterable[str],
    lease_seconds: float,
    heartbeat_seconds: float,
    **others: Any,
) -> WorkerFacts:
    """What this process tells of itself; its options beside these are told as they are."""
    settings: Mapping[str, Any] = {"heartbeat_seconds": heartbeat_seconds, "lease_seconds": lease_seconds, **others}
    return WorkerFacts(
        host=socket.gethostname(),
        pid=os.getpid(),
        lease_seconds=lease_seconds,
        beat_seconds=heartbeat_seconds,
        concurrency=concurrency,
        strategy=strategy,
        types=tuple(sorted(types)),
        version=version("musterq"),
        python=platform.python_version(),
        settings=json.dumps(settings),
    )
