-- All that ever happened, row by row: of the history and of what is not in it yet.
SELECT type, what, n, ms, buckets FROM history WHERE span = 'ever' AND by_type = :by_type
UNION ALL
SELECT CASE WHEN :by_type THEN type ELSE '' END, what, n, ms,
       CASE WHEN bucket < 0 THEN '{}' ELSE '{"' || bucket || '":' || n || '}' END
FROM tallies
