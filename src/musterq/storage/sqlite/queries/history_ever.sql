-- All that ever happened: of the history and of what is not in it yet; the buckets as lines of JSON.
SELECT type, what, n, ms, buckets FROM history WHERE span = 'ever' AND by_type = :by_type
UNION ALL
SELECT CASE WHEN :by_type THEN type ELSE '' END, what, total(n), total(ms),
       group_concat(CASE WHEN bucket < 0 THEN '{}' ELSE '{"' || bucket || '":' || n || '}' END, char(10))
FROM tallies GROUP BY 1, what
