"""Prometheus's own tool, which knows whether rules and metrics are right."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def promtool(*arguments: str | Path, stdin: str | None = None) -> str:
    """What it says; the test fails where it complains, and is skipped where it is not installed, but not in CI."""
    program = shutil.which("promtool")
    if program is None:
        missing = "promtool is not installed; it comes with Debian's package prometheus"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    done = subprocess.run([program, *arguments], input=stdin, capture_output=True, text=True, check=False, timeout=50)
    said = f"{done.stdout}{done.stderr}"
    assert done.returncode == 0, said
    return said
