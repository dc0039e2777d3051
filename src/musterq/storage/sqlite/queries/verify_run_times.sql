-- Ended tasks of a stretch whose run time is not that from their start to their end.
SELECT id, run_ms, timed
FROM (
    SELECT id, run_ms, max(0, CAST(round(
        (julianday(finished_at_utc) - julianday(processing_started_utc)) * 86400000.0
    ) AS INTEGER)) AS timed
    FROM task_queue WHERE id > :after AND id <= :upto AND status IN ('completed', 'failed')
)
WHERE (timed IS NULL) <> (run_ms IS NULL) OR abs(run_ms - timed) > 1  -- a moment is rounded to a millisecond
