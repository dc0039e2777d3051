-- How many tasks each worker holds, under the lease of its heartbeat or under leases of their own.
SELECT locked_by, sum(n) FROM (
    SELECT locked_by, count(*) AS n FROM task_queue
    WHERE status = 'processing' AND lease_until_utc IS NULL AND locked_by IS NOT NULL GROUP BY locked_by
    UNION ALL
    SELECT locked_by, count(*) FROM task_queue
    WHERE status = 'processing' AND lease_until_utc IS NOT NULL AND locked_by IS NOT NULL GROUP BY locked_by
)
GROUP BY locked_by
