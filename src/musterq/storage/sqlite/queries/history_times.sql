-- The same with the buckets of the times, as lines of JSON.
SELECT (CAST(strftime('%s', at) AS INTEGER) - :start) / :step AS place, type, what, total(n), total(ms),
       group_concat(buckets, char(10))
FROM history
WHERE span = :span AND by_type = :by_type AND what IN (SELECT value FROM json_each(:what)) AND at >= :since AND at < :until
GROUP BY place, type, what
UNION ALL
SELECT (CAST(strftime('%s', minute) AS INTEGER) - :start) / :step AS place,
       CASE WHEN :by_type THEN type ELSE '' END, what, total(n), total(ms),
       group_concat(CASE WHEN bucket < 0 THEN '{}' ELSE '{"' || bucket || '":' || n || '}' END, char(10))
FROM tallies
WHERE what IN (SELECT value FROM json_each(:what)) AND minute >= :since AND minute < :until
GROUP BY place, 2, what
