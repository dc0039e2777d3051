-- A day and more of minutes, beside what there is already, for all types together and three types, as busy ones leave them.
INSERT OR IGNORE INTO history (span, by_type, what, at, type, n, ms, buckets)
WITH RECURSIVE minute (ago) AS (SELECT 1 UNION ALL SELECT ago + 1 FROM minute WHERE ago < 2879)
SELECT 'minute', kind.type <> '', what.name, strftime('%Y-%m-%d %H:%M', 'now', '-' || ago || ' minutes'), kind.type,
       34, 1000, CASE WHEN what.name = 'enqueued' THEN '{}' ELSE '{"2":3,"5":8,"12":9,"31":6,"80":4,"200":2,"500":1,"1250":1}' END
FROM minute, (SELECT '' AS type UNION SELECT 'flat' UNION SELECT 'mail' UNION SELECT 'video') AS kind,
     (SELECT 'enqueued' AS name UNION SELECT 'started' UNION SELECT 'completed' UNION SELECT 'failed' UNION SELECT 'retried') AS what
