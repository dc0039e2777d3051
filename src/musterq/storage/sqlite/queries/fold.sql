-- Adds what tasks that go have contributed to what was pruned, as task_totals counted them.
INSERT INTO counters (kind, key1, key2, n, sum1, sum2, sum3)
SELECT 5, type, status, count(*),
       sum(CASE WHEN status = 'cancelled' THEN 0 ELSE CAST(attempts AS INTEGER) END),
       sum(CASE WHEN status = 'cancelled' THEN 0 ELSE run_ms IS NOT NULL END),
       sum(CASE WHEN status = 'cancelled' THEN 0 ELSE CAST(ifnull(run_ms, 0) AS INTEGER) END)
FROM task_queue
WHERE id IN (SELECT value FROM json_each(:ids)) AND lane_id IS NOT NULL
GROUP BY type, status
ON CONFLICT (kind, key1, key2) DO UPDATE SET
    n = n + excluded.n, sum1 = sum1 + excluded.sum1, sum2 = sum2 + excluded.sum2, sum3 = sum3 + excluded.sum3
