-- Of these tasks, only the begun ones are to count as started.
UPDATE task_queue SET processing_started_utc = CASE
    WHEN claim_token IN (SELECT value FROM json_each(:begun)) THEN coalesce(processing_started_utc, :now) END
WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'processing'
