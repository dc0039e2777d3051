"""The seam between storage and everything above it: the verbs of a queue.

Nothing above this line knows SQL or which engine runs below. What one engine lacks is a question
it answers (`can_notify`), not its name. Values that come in are checked already (`musterq.checks`);
an engine adds what only the database can know.

Every verb raises `QueueDatabaseError` (or its children `QueueBusyError`, `QueueSchemaError`) with the
driver's error as its cause, and then has changed nothing. Every verb may be called from any thread,
and from a child after a fork. A verb that is called within ``transaction()`` of the same thread joins it.
"""

from __future__ import annotations

from typing import Any, Protocol

from musterq.clock import Clock
from musterq.storage.verbs.attempts import AttemptVerbs
from musterq.storage.verbs.care import CareVerbs
from musterq.storage.verbs.due import DueVerbs
from musterq.storage.verbs.fleet import FleetVerbs
from musterq.storage.verbs.history import HistoryVerbs
from musterq.storage.verbs.inquiry import InquiryVerbs
from musterq.storage.verbs.limits import LimitVerbs
from musterq.storage.verbs.overview import OverviewVerbs
from musterq.storage.verbs.parts import PartVerbs
from musterq.storage.verbs.plain_sql import PlainSQLVerbs
from musterq.storage.verbs.rescue import RescueVerbs
from musterq.storage.verbs.retention import RetentionVerbs
from musterq.storage.verbs.tasks import TaskVerbs
from musterq.storage.verbs.verification import VerificationVerbs
from musterq.storage.verbs.waiter import Waiter
from musterq.storage.verbs.workers import LivenessLock, WorkerVerbs

__all__ = ["LivenessLock", "Storage", "Waiter"]


class Storage(
    TaskVerbs,
    PartVerbs,
    AttemptVerbs,
    DueVerbs,
    LimitVerbs,
    RescueVerbs,
    WorkerVerbs,
    RetentionVerbs,
    OverviewVerbs,
    FleetVerbs,
    HistoryVerbs,
    InquiryVerbs,
    CareVerbs,
    VerificationVerbs,
    PlainSQLVerbs,
    Protocol,
):
    """A queue in some database."""

    clock: Clock

    @property
    def location(self) -> str:
        """Where the queue is: a path or a URL without its password."""

    @property
    def opening(self) -> dict[str, Any]:
        """The arguments with which `open_storage` opens the same queue in another process."""

    def initialize_schema(self) -> None:
        """Create the tables or upgrade older ones, in one transaction; safe to call by many processes at once.

        Raises:
            QueueSchemaError: the tables are of a newer musterq.
        """

    def ensure_schema(self) -> None:
        """Check before first use that the tables are this version's; initialise a new or empty file of its own.

        Raises:
            QueueSchemaError: an application's database without the tables, or tables of another version.
        """

    def close(self) -> None:
        """Close every connection; what is used afterwards raises QueueDatabaseError."""
