"""Asking who keeps the write-ahead log from being cut."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from musterq.storage.sqlite import log_readers
from musterq.upkeep import LogPin

_PATIENCE_SECONDS = 10.0


def log_bytes(database_path: str) -> int:
    """How large the log is."""
    try:
        return Path(f"{database_path}-wal").stat().st_size
    except OSError:
        return 0


def log_pins(database_path: str) -> list[LogPin]:
    """Who reads an old state of the log; nobody, where the system does not tell.

    In a process of its own: one that uses the database must not open the file that tells (see `log_readers`).
    """
    if sys.platform == "win32" or not sys.executable:
        return []
    program = [sys.executable, "-I", "-S", log_readers.__file__, f"{database_path}-shm"]
    try:
        asked = subprocess.run(program, capture_output=True, text=True, check=True, timeout=_PATIENCE_SECONDS)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return []
    return [LogPin(pid=pid, command=command, frame=frame) for pid, frame, command in json.loads(asked.stdout)]
