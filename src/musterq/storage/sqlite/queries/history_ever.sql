-- All that ever happened: of the history and of what is not in it yet; the buckets as a JSON list of objects.
SELECT type, what, n, ms, '[' || buckets || ']' FROM history WHERE span = 'ever' AND by_type = :by_type
UNION ALL
SELECT CASE WHEN :by_type THEN type ELSE '' END, what, sum(n), sum(ms),
       '[' || group_concat(CASE WHEN bucket < 0 THEN '{}' ELSE '{"' || bucket || '":' || n || '}' END) || ']'
FROM tallies GROUP BY 1, what
