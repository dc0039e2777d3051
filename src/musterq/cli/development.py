"""``musterq worker --reload``."""

from __future__ import annotations

import signal
import sys

from musterq.cli.launch import Launch
from musterq.cli.output import note
from musterq.cli.worker_signals import STOP_SIGNALS, signals_call


def run_anew_on_changes(launch: Launch) -> None:
    """Run the same command in a child, without --reload, and again whenever the code changes, until a signal comes."""
    from musterq.worker.reloading import ReloadingWorker

    command = [sys.executable, *(word for word in launch.arguments[1:] if word != "--reload")]
    worker = ReloadingWorker(command, environment=launch.environment, folder=launch.folder, say=note)
    with signals_call(dict.fromkeys((*STOP_SIGNALS, signal.SIGHUP), worker.stop)):
        note(f"starts the worker anew whenever a Python file in {launch.folder} changes; Ctrl-C ends it")
        worker.run()
