-- Ids go on where the older tables had come to.
UPDATE sqlite_sequence SET seq = max(seq, coalesce(
    (SELECT older.seq FROM sqlite_sequence AS older WHERE older.name = 'older_' || sqlite_sequence.name), 0))
WHERE name IN ('task_queue', 'task_logs')
