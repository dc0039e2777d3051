-- How many finished tasks there are, by status.
SELECT status, sum(n) FROM task_totals WHERE status IN ('completed', 'failed', 'cancelled') GROUP BY status
