-- Drops tallies that nobody can have written.
DELETE FROM tallies
WHERE n < 1 OR ms < 0 OR (bucket <> -1 AND bucket NOT IN (SELECT upper_ms FROM run_buckets))
      OR minute IS NOT strftime('%Y-%m-%d %H:%M', minute)
