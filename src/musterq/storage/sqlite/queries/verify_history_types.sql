-- Rows of all types together that are not the sums of those by type; of a gauge the values add up, and not the looks.
WITH figures AS (
    SELECT span, by_type, what, at, n, ms,
           (SELECT ifnull(sum(value), 0) FROM json_each(CASE WHEN json_valid(buckets) THEN buckets ELSE '{}' END)) AS timed,
           (SELECT ifnull(sum(key * value), 0)
            FROM json_each(CASE WHEN json_valid(buckets) THEN buckets ELSE '{}' END)) AS bounds
    FROM history
    WHERE what NOT IN ('active_workers', 'utilisation')
          AND (span = 'ever'
               OR at >= ifnull((SELECT value FROM musterq_meta WHERE name = 'history trimmed: ' || history.span), ''))
), sums AS (
    SELECT span, what, at,
           sum(CASE by_type WHEN 0 THEN n ELSE 0 END) AS n, sum(CASE by_type WHEN 0 THEN ms ELSE 0 END) AS ms,
           sum(CASE by_type WHEN 0 THEN timed ELSE 0 END) AS timed, sum(CASE by_type WHEN 0 THEN bounds ELSE 0 END) AS bounds,
           sum(CASE by_type WHEN 1 THEN n ELSE 0 END) AS types_n, sum(CASE by_type WHEN 1 THEN ms ELSE 0 END) AS types_ms,
           sum(CASE by_type WHEN 1 THEN timed ELSE 0 END) AS types_timed,
           sum(CASE by_type WHEN 1 THEN bounds ELSE 0 END) AS types_bounds
    FROM figures GROUP BY span, what, at
)
SELECT span, 0, what, at, '', n, ms, timed, bounds, types_n, types_ms, types_timed, types_bounds
FROM sums
WHERE ms <> types_ms OR timed <> types_timed OR bounds <> types_bounds OR (n <> types_n AND what <> 'depth')
