"""The SQLite engine: all verbs of the storage, on one file."""

from __future__ import annotations

from musterq.storage.sqlite.verbs.attempts import AttemptVerbs
from musterq.storage.sqlite.verbs.care import CareVerbs
from musterq.storage.sqlite.verbs.due import DueVerbs
from musterq.storage.sqlite.verbs.fleet import FleetVerbs
from musterq.storage.sqlite.verbs.history import HistoryVerbs
from musterq.storage.sqlite.verbs.inquiry import InquiryVerbs
from musterq.storage.sqlite.verbs.limits import LimitVerbs
from musterq.storage.sqlite.verbs.overview import OverviewVerbs
from musterq.storage.sqlite.verbs.parts import PartVerbs
from musterq.storage.sqlite.verbs.plain_sql import PlainSQLVerbs
from musterq.storage.sqlite.verbs.rescue import RescueVerbs
from musterq.storage.sqlite.verbs.retention import RetentionVerbs
from musterq.storage.sqlite.verbs.tasks import TaskVerbs
from musterq.storage.sqlite.verbs.verification import VerificationVerbs
from musterq.storage.sqlite.verbs.workers import WorkerVerbs


class SQLiteStorage(
    TaskVerbs,
    PartVerbs,
    AttemptVerbs,
    LimitVerbs,
    DueVerbs,
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
):
    """A queue in one SQLite file. The promises of each verb are those of `musterq.storage.base.Storage`."""
