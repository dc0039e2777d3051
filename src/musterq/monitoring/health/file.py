"""The checks of the file that holds the queue."""

from __future__ import annotations

from collections.abc import Iterator

from musterq.monitoring.health.findings import Finding
from musterq.monitoring.health.sight import Sight
from musterq.monitoring.health.thresholds import Thresholds

MIB = 1024 * 1024


def log(sight: Sight, thresholds: Thresholds) -> Iterator[Finding]:
    """The write-ahead log has grown, since somebody reads for long."""
    size = sight.storage.log_bytes() / MIB
    severity = thresholds.log_mib.severity(size)
    if severity is not None:
        pins = sight.storage.log_pins()  # takes longer, so it is asked only now
        readers = ", ".join(f"process {pin.pid} ({pin.command})" for pin in pins)
        reason = f"; the oldest state of it is read by {readers}" if readers else ""
        yield Finding(
            severity=severity,
            check="log",
            what=f"the write-ahead log has {size:,.0f} MiB{reason}",
            advice=(
                "end that transaction or process, and the log is cut by itself; see more: musterq doctor"
                if readers
                else "look for a program that keeps a transaction open: musterq doctor"
            ),
        )


def disk(sight: Sight, thresholds: Thresholds) -> Iterator[Finding]:
    """Little is left on the disk."""
    free = sight.storage.condition().disk_free_bytes
    severity = None if free is None else thresholds.free_mib.severity_of_little(free / MIB)
    if free is not None and severity is not None:
        yield Finding(
            severity=severity,
            check="disk",
            what=f"{free / MIB:,.0f} MiB are left on the disk of {sight.storage.location}",
            advice="make room; old tasks go with musterq prune, and what is kept is set by musterq retention",
        )
