-- Adds how a worker's process died to the rows of what has just been taken from it.
UPDATE rescue_ledger SET detail = :detail
WHERE worker_id = :worker AND event = 'rescued' AND detail IS NULL AND at_utc >= :since
