-- Finished tasks by type and status: those that are there and those that were pruned.
SELECT key1, key2, sum(n), sum(sum1), sum(sum3) FROM counters
WHERE kind IN (3, 5) AND key2 IN ('completed', 'failed', 'cancelled')
GROUP BY key1, key2 HAVING sum(n) > 0 ORDER BY key1, key2
