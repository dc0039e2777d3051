"""The truth: what is kept beside the tasks, compared with a full count, and mended."""

from __future__ import annotations

from typing import Protocol

from musterq.upkeep import Discrepancy


class VerificationVerbs(Protocol):
    """The verbs of verification."""

    def verify(self) -> list[Discrepancy]:
        """Count all that rows can tell, of one moment, while others write; what is kept and differs from it.

        It takes the longer, the more tasks there are.

        Raises:
            QueueSchemaError: a table lacks what cannot be made again.
        """

    def repair(self) -> list[Discrepancy]:
        """Do the same, and mend what differs, in short transactions; all of what was found and is right now.

        Raises:
            QueueSchemaError: a table lacks what cannot be made again.
            QueueDatabaseError: some of it did not come right; the message says what.
        """
