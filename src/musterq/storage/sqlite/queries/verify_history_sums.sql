-- Rows of a span (:coarse) that are not the sums of the shorter spans (:fine) in them, where all of these are kept; what
-- ever was is no less than the days that are kept. The bounds of the buckets, each times its number, stand for all of them.
WITH figures AS (
    SELECT span, by_type, what, at, type, n, ms,
           (SELECT ifnull(sum(value), 0) FROM json_each(CASE WHEN json_valid(buckets) THEN buckets ELSE '{}' END)) AS timed,
           (SELECT ifnull(sum(key * value), 0)
            FROM json_each(CASE WHEN json_valid(buckets) THEN buckets ELSE '{}' END)) AS bounds
    FROM history WHERE span IN (:coarse, :fine)
          AND NOT (:coarse = 'ever' AND what IN ('depth', 'active_workers', 'utilisation'))
), placed AS (
    SELECT span = :fine AS finer, by_type, what, type, n, ms, timed, bounds,
           CASE span WHEN :fine THEN substr(at, 1, :length) || :rest ELSE at END AS place
    FROM figures
), sums AS (
    SELECT by_type, what, place, type,
           sum(CASE WHEN finer THEN 0 ELSE n END) AS n, sum(CASE WHEN finer THEN 0 ELSE ms END) AS ms,
           sum(CASE WHEN finer THEN 0 ELSE timed END) AS timed, sum(CASE WHEN finer THEN 0 ELSE bounds END) AS bounds,
           sum(CASE WHEN finer THEN n ELSE 0 END) AS fine_n, sum(CASE WHEN finer THEN ms ELSE 0 END) AS fine_ms,
           sum(CASE WHEN finer THEN timed ELSE 0 END) AS fine_timed, sum(CASE WHEN finer THEN bounds ELSE 0 END) AS fine_bounds
    FROM placed GROUP BY by_type, what, place, type
), trimmed (before) AS (
    SELECT ifnull((SELECT value FROM musterq_meta WHERE name = 'history trimmed: ' || :fine), '')
)
SELECT :coarse, by_type, what, place, type, n, ms, timed, bounds, fine_n, fine_ms, fine_timed, fine_bounds
FROM sums, trimmed
WHERE (n, ms, timed, bounds) IS NOT (fine_n, fine_ms, fine_timed, fine_bounds) AND place >= before
      OR :coarse = 'ever' AND (n < fine_n OR ms < fine_ms OR timed < fine_timed OR bounds < fine_bounds)
