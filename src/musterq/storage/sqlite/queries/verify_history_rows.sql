-- Rows of the history that nobody can have written, with how many times their buckets hold.
SELECT span, by_type, what, at, type, n, ms, timed
FROM (
    SELECT *, CASE WHEN json_valid(buckets) THEN (SELECT ifnull(sum(value), 0) FROM json_each(buckets)) ELSE -1 END AS timed
    FROM history
)
WHERE n < 1 OR ms < 0 OR timed < 0 OR timed > n
      OR EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid(buckets) THEN buckets ELSE '{}' END)
                 WHERE typeof(value) <> 'integer' OR value < 1
                       OR CAST(key AS INTEGER) NOT IN (SELECT upper_ms FROM run_buckets))
