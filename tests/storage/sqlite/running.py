"""Several processes on one queue, started together (see process_program.py)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).with_name("process_program.py")


def run_together(path: str, roles: Sequence[tuple[str, ...]]) -> list[dict[str, Any]]:
    """The figures of each; an error in any of them is a failure with what it said."""
    processes = [
        subprocess.Popen(
            [sys.executable, str(PROGRAM), path, *role],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for role in roles
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate(timeout=50) for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [error for _, error in said] == [""] * len(processes)
    return [json.loads(figures) for figures, _ in said]
