-- Figures of completed and failed tasks.
SELECT status, sum(n), sum(attempts), sum(timed), sum(run_ms) FROM task_totals
WHERE status IN ('completed', 'failed') GROUP BY status HAVING sum(n) > 0 ORDER BY status
