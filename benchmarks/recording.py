"""The statements that musterq runs for a verb, taken down as it runs them."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from musterq.models import ClaimRequest, NewTask, Outcome, TaskStatus
from musterq.storage.sqlite.connection import Parameters, StandardConnection, StandardDriver
from musterq.storage.sqlite.engine import SQLiteStorage

BEGIN, COMMIT = "BEGIN IMMEDIATE", "COMMIT"


class Statement(NamedTuple):
    """A statement with the values that it was given."""

    sql: str
    values: Any


class Recorded(NamedTuple):
    """What each verb runs between the begin and the commit of its transaction."""

    enqueue: list[Statement]
    claim: list[Statement]
    complete: list[Statement]


class RecordingDriver(StandardDriver):
    """The standard driver; takes down what its connections run."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []

    def connect(self, path: str) -> StandardConnection:
        """A connection that records."""
        return _RecordingConnection(super().connect(path), path, self.statements)


class _RecordingConnection(StandardConnection):
    """Every statement goes through one of these; one for many rows is taken down once."""

    def __init__(self, recorded: StandardConnection, path: str, statements: list[Statement]) -> None:
        super().__init__(recorded.raw, path)
        self._recorded = recorded  # which closes what it opened when it is dropped
        self._statements = statements

    def rows(self, sql: str, parameters: Parameters = ()) -> list[Any]:
        self._statements.append(Statement(sql, parameters))
        return super().rows(sql, parameters)

    def run(self, sql: str, parameters: Parameters = ()) -> int:
        self._statements.append(Statement(sql, parameters))
        return super().run(sql, parameters)

    def run_many(self, sql: str, rows: Iterable[Parameters]) -> int:
        given = list(rows)
        self._statements += [Statement(sql, row) for row in given[:1]]
        return super().run_many(sql, given)

    def insert(self, sql: str, parameters: Parameters = ()) -> int:
        self._statements.append(Statement(sql, parameters))
        return super().insert(sql, parameters)


def record(path: Path, task: NewTask, request: ClaimRequest) -> Recorded:
    """Run each verb on a new queue at `path`, which is left without tasks that wait, and take down its statements."""
    driver = RecordingDriver()
    storage = SQLiteStorage(str(path), driver=driver)
    storage.initialize_schema()
    storage.register(request.worker_id, "{}")
    for _ in range(2):  # the first time each verb also finds the lane
        enqueue = _statements_of(driver, lambda: storage.enqueue((task,)))
        storage.enqueue((task,) * (request.limit - 1))
        claims: list[Any] = []
        claim = _statements_of(driver, lambda: claims.extend(storage.claim(request)))  # noqa: B023  # called at once
        ends = [Outcome(claim=claim, status=TaskStatus.COMPLETED) for claim in claims]
        complete = _statements_of(driver, lambda: storage.finish(ends[:1]))  # noqa: B023  # called at once
        storage.finish(ends[1:])
    storage.close()
    return Recorded(enqueue, claim, complete)


def _statements_of(driver: RecordingDriver, verb: Callable[[], object]) -> list[Statement]:
    """What the verb ran within its transaction."""
    driver.statements.clear()
    verb()
    ran = [statement.sql for statement in driver.statements]
    return driver.statements[ran.index(BEGIN) + 1 : ran.index(COMMIT)]
