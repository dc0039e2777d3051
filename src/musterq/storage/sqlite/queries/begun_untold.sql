-- Of these tasks, the begun ones of which nobody has told it yet, and how many milliseconds they waited for their claim.
SELECT type, max(0, CAST(round(
    (julianday(reserved_at_utc) - julianday(coalesce(due_at_utc, created_at_utc))) * 86400000.0
) AS INTEGER))
FROM task_queue
WHERE id IN (SELECT value FROM json_each(:ids)) AND claim_token IN (SELECT value FROM json_each(:begun))
      AND status = 'processing' AND processing_started_utc IS NULL AND reserved_at_utc IS NOT NULL
