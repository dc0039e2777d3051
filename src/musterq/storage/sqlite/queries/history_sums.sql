-- How often things happened in each step of a range, of the history and of what is not in it yet.
SELECT (CAST(strftime('%s', at) AS INTEGER) - :start) / :step AS place, type, what, total(n), total(ms)
FROM history
WHERE span = :span AND by_type = :by_type AND what IN (SELECT value FROM json_each(:what)) AND at >= :since AND at < :until
GROUP BY place, type, what
UNION ALL
SELECT (CAST(strftime('%s', minute) AS INTEGER) - :start) / :step AS place,
       CASE WHEN :by_type THEN type ELSE '' END AS type, what, total(n), total(ms)
FROM tallies
WHERE what IN (SELECT value FROM json_each(:what)) AND minute >= :since AND minute < :until
GROUP BY place, 2, what
