"""`python -m benchmarks` runs what it is asked for."""

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent.parent


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *words]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=50, check=False)


def test_one_scenario_is_measured_and_written_as_json(tmp_path: Path):
    """Nothing is left in the folder but the figures."""
    done = run("--quick", "--only", "enqueue_many", "--folder", str(tmp_path), "--json", str(tmp_path / "rows.json"))
    assert done.returncode == 0, done.stderr
    assert "enqueue_many, 2,000  raw" in done.stdout
    assert '"at_least": 0.6' in (tmp_path / "rows.json").read_text()
    assert [file.name for file in tmp_path.iterdir()] == ["rows.json"]


def test_a_scenario_that_there_is_not_is_refused_with_those_that_there_are():
    """Before anything runs."""
    done = run("--only", "enqueue,dequeue")
    assert done.returncode == 2
    assert "no scenario dequeue; there are enqueue, enqueue_many" in done.stderr
