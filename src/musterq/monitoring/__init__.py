"""Seeing how the queue is, and who is at work."""

from __future__ import annotations

from musterq.monitoring.json_log import JsonFormatter
from musterq.monitoring.queue_monitoring import QueueMonitoring

__all__ = ["JsonFormatter", "QueueMonitoring"]
