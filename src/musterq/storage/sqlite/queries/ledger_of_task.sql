-- Rows of the ledger that are about one task (and, if given, one worker), newest first, from a place on.
SELECT ledger_id, at_utc, event, task_id, type, attempt, worker_id, host, pid, reason, became, last_heartbeat_utc,
       lost_seconds, detail
FROM rescue_ledger WHERE task_id = :task AND (:worker IS NULL OR worker_id = :worker) AND ledger_id < :before
ORDER BY ledger_id DESC LIMIT :limit
