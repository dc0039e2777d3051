"""QueueMonitoring: who is registered and beating, and what the queue holds.

Names, defaults, return types and errors are fixed: existing programs are written against them.
"""

from __future__ import annotations

from musterq.monitoring.examining import Examining
from musterq.monitoring.explaining.explanation import Explaining
from musterq.monitoring.figures import Figures
from musterq.monitoring.fleet import Fleet
from musterq.monitoring.health.checking import Health
from musterq.monitoring.history import History
from musterq.monitoring.ledger import Ledger
from musterq.monitoring.roll import Roll
from musterq.monitoring.verifying import Verifying


class QueueMonitoring(Roll, Figures, History, Ledger, Fleet, Explaining, Health, Examining, Verifying):
    """The roll of a queue's workers, and its figures.

    Every method may be called from any thread. Ages are judged by the database's clocks, never by the caller's.

    Args:
        database: The queue to look at. Its tables are looked for at the first call, not here.
    """
