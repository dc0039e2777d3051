"""How long rows are kept, and what the counters know of those that are gone."""

from __future__ import annotations

from collections.abc import Mapping

from musterq.records import LifetimeTotal, Retention
from musterq.storage.sqlite.connection import Connection
from musterq.storage.sqlite.queries import query
from musterq.storage.sqlite.times import Moment


def rules(connection: Connection) -> dict[str, Retention]:
    """How long finished tasks of each status, and entries of the ledger, are kept."""
    rows = connection.rows(query("retention"))
    return {status: Retention(max_age_seconds=age, max_count=count) for status, age, count in rows}


def set_rule(connection: Connection, kept: str, rule: Retention) -> None:
    """Change one of them."""
    facts = {"status": kept, "max_age": rule.max_age_seconds, "max_count": rule.max_count}
    connection.run(query("set_retention"), facts)


def lifetime_totals(connection: Connection) -> dict[tuple[str, str], LifetimeTotal]:
    """Finished tasks by type and status, whether they are still there or not."""
    return {
        (type, status): LifetimeTotal(count=count, attempts=attempts, run_seconds=run_ms / 1000)
        for type, status, count, attempts, run_ms in connection.rows(query("lifetime_totals"))
    }


class Excess:
    """How many rows there are beyond what the rules keep by their number."""

    def __init__(self, connection: Connection, rules: Mapping[str, Retention]) -> None:
        self._rules = rules
        self._counts: dict[str, int] = dict(connection.rows(query("finished_counts")))
        if self._most("ledger") is not None:  # which nobody counts all the time
            self._counts["ledger"] = connection.row(query("ledger_count"))[0]

    def there_are(self, kept: str) -> bool:
        """Whether there are any rows of this kind."""
        return self._counts.get(kept, 0) > 0

    def of(self, kept: str) -> int:
        """How many of the oldest rows of this kind are too many."""
        most = self._most(kept)
        return 0 if most is None else max(0, self._counts.get(kept, 0) - most)

    def _most(self, kept: str) -> int | None:
        rule = self._rules.get(kept)
        return None if rule is None else rule.max_count


def oldest_kept(rule: Retention | None, now: Moment) -> str:
    """The moment before which rows go; the empty text is before all of them."""
    return "" if rule is None or rule.max_age_seconds is None else now.after(-rule.max_age_seconds)
