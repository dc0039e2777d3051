"""A queue in memory is a file of its own that lasts as long as the process that asked for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, sys
from musterq.storage import open_storage
storage = open_storage(":memory:")
storage.initialize_schema()
storage.close()
child = os.fork() if "fork" in sys.argv else None
if child == 0:
    sys.exit()
if child is not None:
    os.waitpid(child, 0)
print(storage.location, os.path.exists(storage.location))
"""


def run(*arguments: str) -> tuple[Path, bool]:
    """Where the file was, and whether it was there at the end of the program."""
    program = [sys.executable, "-W", "error", "-c", PROGRAM, *arguments]
    path, there = subprocess.run(program, check=True, capture_output=True, text=True).stdout.split()
    return Path(path), there == "True"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
def test_a_child_that_ends_leaves_the_file_to_its_parent():
    _, there = run("fork")
    assert there


def test_it_is_gone_when_the_process_ends():
    path, there = run()
    assert there
    assert not path.parent.exists()
