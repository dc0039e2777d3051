"""Every counter of the SQLite engine, computed again from the rows of `task_queue` and compared."""

from __future__ import annotations

from musterq.storage.base import Storage

_TYPES = """
SELECT hex(type), status, n, attempts, timed, run_ms FROM task_totals WHERE n <> 0
"""
_TYPES_OF_ROWS = """
SELECT hex(type), status, count(*),
       sum(CASE WHEN status IN ('completed', 'failed') THEN attempts ELSE 0 END), count(run_ms), ifnull(sum(run_ms), 0)
FROM run GROUP BY type, status
"""
_WEIGHTS = "SELECT level, lane_id, slot, n, weight FROM lane_counts WHERE n <> 0"
_WEIGHTS_OF_ROWS = """
SELECT level, lane_id, CASE level WHEN 0 THEN 0 WHEN 1 THEN slot / 32 ELSE slot END AS place, count(*),
       sum((68719476736 + (slot + 1) / 2) / (slot + 1))
FROM waiting, (SELECT 0 AS level UNION SELECT 1 UNION SELECT 2)
GROUP BY level, lane_id, place
"""
_RUNS = "SELECT status, upper_ms, n FROM run_histogram WHERE n <> 0"
_RUNS_OF_ROWS = """
SELECT status, (SELECT min(upper_ms) FROM run_buckets WHERE upper_ms >= min(run_ms, 1000000000)) AS bucket, count(*)
FROM run WHERE run_ms IS NOT NULL GROUP BY status, bucket
"""
_RUN_TIMES = "SELECT id, timed FROM measured WHERE timed IS NOT NULL AND coalesce(abs(run_ms - timed) < 2, FALSE)"
_RUN_TIMES_OF_ROWS = "SELECT id, timed FROM measured WHERE timed IS NOT NULL OR run_ms IS NOT NULL"
_LANES = "SELECT task_queue.id, lane_id FROM task_queue"
_LANES_OF_ROWS = """
SELECT task_queue.id, lanes.lane_id FROM task_queue
LEFT JOIN lanes ON lanes.type = task_queue.type AND lanes.compatibility = task_queue.compatibility
"""
_DEFINITIONS = """
WITH waiting AS (
    SELECT lane_id, min(max(CAST(priority AS INTEGER), 0), 1023) AS slot
    FROM task_queue WHERE status = 'queued' AND held = 0
), measured AS (
    SELECT id, run_ms, max(0, CAST(round(
        (julianday(finished_at_utc) - julianday(processing_started_utc)) * 86400000.0
    ) AS INTEGER)) AS timed
    FROM task_queue WHERE status IN ('completed', 'failed')
), run AS (
    SELECT type, status, attempts, CASE WHEN status IN ('completed', 'failed') THEN run_ms END AS run_ms FROM task_queue
)
"""
_COMPARED = {
    "tasks by type and status": (_TYPES, _TYPES_OF_ROWS),
    "waiting tasks and their weights": (_WEIGHTS, _WEIGHTS_OF_ROWS),
    "run times by buckets": (_RUNS, _RUNS_OF_ROWS),
    "run times of rows": (_RUN_TIMES, _RUN_TIMES_OF_ROWS),
    "lanes of tasks": (_LANES, _LANES_OF_ROWS),
}


def verify_counts(storage: Storage) -> None:
    """Compare both ways in SQL, so that no text needs decoding."""
    for what, (kept, counted) in _COMPARED.items():
        extra = storage.execute(f"{_DEFINITIONS} SELECT * FROM ({kept}) EXCEPT SELECT * FROM ({counted})").fetchall()
        lacking = storage.execute(f"{_DEFINITIONS} SELECT * FROM ({counted}) EXCEPT SELECT * FROM ({kept})").fetchall()
        assert not extra, f"{what}: the counters say {[tuple(row) for row in extra]}, the rows {_shown(lacking)}"
        assert not lacking, f"{what}: the rows say {_shown(lacking)}, the counters nothing of it"


def _shown(rows: list[object]) -> list[tuple[object, ...]]:
    return [tuple(row) for row in rows]  # type: ignore[arg-type]
