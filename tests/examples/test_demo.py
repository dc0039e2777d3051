"""The demo: a fleet in which four things go wrong, and both commands name them."""

import subprocess
import sys
from pathlib import Path

import pytest

from examples.demo.__main__ import FAILED, FINE, TROUBLES, verdict

ROOT = Path(__file__).resolve().parents[2]


def test_health_and_top_name_all_four_troubles():
    """In real processes, one of them killed."""
    ran = subprocess.run(
        [sys.executable, "-m", "examples.demo"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=55
    )
    assert ran.returncode == FINE, ran.stdout + ran.stderr
    assert "musterq health and musterq top name all four" in ran.stdout


def test_a_trouble_that_a_command_does_not_name_is_told(capsys: pytest.CaptureFixture[str]):
    """And is the exit code."""
    assert verdict({"musterq health": " ".join(TROUBLES), "musterq top": " ".join(TROUBLES[1:])}) == FAILED
    assert f"musterq top does not name {TROUBLES[0]}" in capsys.readouterr().err
