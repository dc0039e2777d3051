-- Adds how a worker's process died to the errors of the attempts that it has just lost, where the ledger does not say it yet.
UPDATE task_attempts SET error = error || ': ' || :detail
WHERE outcome = 'lost' AND attempt_id IN (
    SELECT lost.attempt_id
    FROM rescue_ledger AS entry JOIN task_attempts AS lost
         ON lost.task_id = entry.task_id AND lost.attempt = entry.attempt AND lost.finished_at_utc = entry.at_utc
    WHERE entry.worker_id = :worker AND entry.event = 'rescued' AND entry.detail IS NULL AND entry.at_utc >= :since
)
