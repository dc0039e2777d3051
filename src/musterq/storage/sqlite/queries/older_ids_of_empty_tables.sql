-- The same for a table into which no row was copied.
INSERT INTO sqlite_sequence (name, seq)
SELECT substr(name, 7), seq FROM sqlite_sequence AS older
WHERE name IN ('older_task_queue', 'older_task_logs')
      AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = substr(older.name, 7))
