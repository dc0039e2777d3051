-- Types and statuses whose number of tasks the counters do not have right: rows, and what is counted.
WITH counted AS (
    SELECT type, status, count(*) AS there FROM task_queue WHERE lane_id IS NOT NULL GROUP BY type, status
), kept AS (
    SELECT type, status, n FROM task_totals WHERE n <> 0
)
SELECT counted.type, counted.status, counted.there, ifnull(kept.n, 0)
FROM counted LEFT JOIN kept ON kept.type = counted.type AND kept.status = counted.status
WHERE counted.there <> ifnull(kept.n, 0)
UNION ALL
SELECT kept.type, kept.status, 0, kept.n
FROM kept LEFT JOIN counted ON counted.type = kept.type AND counted.status = kept.status
WHERE counted.there IS NULL
