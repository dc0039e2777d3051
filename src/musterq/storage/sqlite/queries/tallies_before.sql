-- What happened in other minutes than this one and is not in the history yet, the oldest first.
SELECT tally_id, minute, type, what, bucket, n, ms FROM tallies WHERE minute < :minute
UNION ALL
SELECT tally_id, minute, type, what, bucket, n, ms FROM tallies WHERE minute > :minute
LIMIT :limit
