"""The worker: a process that claims tasks of a queue and runs their handlers."""

from __future__ import annotations

from musterq.worker.engine import WorkerEngine

__all__ = ["WorkerEngine"]
