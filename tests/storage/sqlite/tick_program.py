"""Ticks a schedule that is always due, as fast as may be, until it is killed: tick_program.py DATABASE.

Says ``ticking`` once it has begun.
"""

from __future__ import annotations

import sys
from datetime import timedelta

from musterq.models import NewTask
from musterq.storage.sqlite.engine import SQLiteStorage


def main(path: str) -> None:
    storage = SQLiteStorage(path)
    said = False
    while True:
        (schedule,) = storage.due_schedules()
        task = NewTask(type=schedule.type, payload=f'"{schedule.next_at.isoformat()}"')
        storage.tick(schedule, schedule.next_at + timedelta(seconds=1), [task])
        if not said:
            sys.stdout.write("ticking\n")
            sys.stdout.flush()
            said = True


if __name__ == "__main__":
    main(sys.argv[1])
