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
_AWAITED = "SELECT id, awaits FROM task_queue WHERE awaits IS NOT NULL"
_AWAITED_OF_ROWS = """
SELECT id, (SELECT count(*) FROM task_queue AS part
            WHERE part.next_id IN (follower.id, follower.group_id) AND part.status <> 'completed')
FROM task_queue AS follower WHERE awaits IS NOT NULL
"""
_STARTED = "SELECT id FROM task_queue WHERE awaits > 0 AND status = 'queued'"
_HELD_WITH_A_FREE_PLACE = """
SELECT id, concurrency_key FROM task_queue AS task WHERE held = 1 AND concurrency_key IS NOT NULL
       AND (SELECT count(*) FROM task_queue AS other
            WHERE other.concurrency_key = task.concurrency_key AND other.held = 0
                  AND other.status IN ('queued', 'processing'))
           < (SELECT max(1, CAST(ifnull(concurrency_limit, 1) AS INTEGER)) FROM task_queue
              WHERE id = (SELECT max(id) FROM task_queue AS newest WHERE newest.concurrency_key = task.concurrency_key))
"""
_HELD_WITHOUT_REASON = "SELECT id FROM task_queue WHERE held = 1 AND status <> 'queued' AND concurrency_key IS NOT NULL"
_UNCOUNTED = """
SELECT event, reason FROM rescue_ledger AS entry GROUP BY event, reason
HAVING count(*) > ifnull((SELECT n FROM ledger_totals WHERE event = entry.event AND reason = entry.reason), 0)
"""
_PRUNED = """
SELECT hex(type), status, n, attempts, timed, run_ms FROM pruned_totals
"""
_PRUNED_THAT_CAN_BE = """
SELECT hex(type), status, n, attempts, timed, run_ms FROM pruned_totals
WHERE status IN ('completed', 'failed', 'cancelled') AND n > 0 AND timed BETWEEN 0 AND n AND run_ms >= 0
      AND (status <> 'cancelled' OR attempts = 0 AND timed = 0 AND run_ms = 0)
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
    "what was pruned": (_PRUNED, _PRUNED_THAT_CAN_BE),
    "lanes of tasks": (_LANES, _LANES_OF_ROWS),
    "how many parts are awaited": (_AWAITED, _AWAITED_OF_ROWS),
    "entries of the ledger that are not counted": (_UNCOUNTED, f"{_UNCOUNTED} AND 0"),
    "queued before their time": (_STARTED, f"{_STARTED} AND 0"),
    "held where a place is free": (_HELD_WITH_A_FREE_PLACE, f"{_HELD_WITH_A_FREE_PLACE} AND 0"),
    "held without a reason": (_HELD_WITHOUT_REASON, f"{_HELD_WITHOUT_REASON} AND 0"),
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
