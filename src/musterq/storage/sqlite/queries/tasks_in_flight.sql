-- How many tasks each worker holds, under the lease of its heartbeat or under leases of their own, and since when the oldest.
SELECT locked_by, sum(n), min(since) FROM (
    SELECT locked_by, count(*) AS n, min(reserved_at_utc) AS since FROM task_queue
    WHERE status = 'processing' AND lease_until_utc IS NULL AND locked_by IS NOT NULL GROUP BY locked_by
    UNION ALL
    SELECT locked_by, count(*), min(reserved_at_utc) FROM task_queue
    WHERE status = 'processing' AND lease_until_utc IS NOT NULL AND locked_by IS NOT NULL GROUP BY locked_by
)
GROUP BY locked_by
