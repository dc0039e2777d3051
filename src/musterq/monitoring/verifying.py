"""Whether what is kept beside the tasks is what a full count gives."""

from __future__ import annotations

from typing import Any

import msgspec

from musterq.monitoring.part import Part


class Verifying(Part):
    """The truth of the figures."""

    def verify(self, repair: bool = False) -> list[dict[str, Any]]:  # noqa: FBT001, FBT002  # as it is called
        """Count everything that rows can tell, and compare it with the counters and the history that are kept.

        It looks at one moment, however long that takes, and makes nobody wait. It reads all tasks, so it takes the
        longer, the more there are.

        Args:
            repair: Mend what differs, in short transactions, and look again until all is right. What is kept in finer
                steps is believed: minutes before hours, types before all types together.

        Returns a list of dicts with these keys, one for each thing that differs (or differed, and is right now); an
        empty one if all is right:
            what (str): ``schema`` (a trigger, index or view is missing or changed: until it is made again, counts go
                wrong), ``buckets``, ``tasks``, ``waiting``, ``run_times``, ``pruned``, ``ledger`` (counters), ``lane``,
                ``run_time``, ``held``, ``awaited``, ``part`` (of a task), ``key`` (a concurrency key), ``tally``,
                ``history``.
            where (str): Which one, such as ``mail, completed``. Of each kind a hundred are told, then how many more.
            kept (dict), counted (dict): The figures that are wrong, and what they must be.

        Raises:
            QueueSchemaError: a table lacks what cannot be made again.
            QueueDatabaseError: the database could not do it, or some of it did not come right.
        """
        found = self._storage.repair() if repair else self._storage.verify()
        return [msgspec.structs.asdict(one) for one in found]
