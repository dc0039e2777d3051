-- Parts of a stretch that are queued before their time, or that nobody would ever queue: their status, and what it must be.
SELECT id, status, CASE status WHEN 'queued' THEN 'scheduled' ELSE 'queued' END FROM task_queue
WHERE id > :after AND id <= :upto AND awaits IS NOT NULL
      AND (awaits > 0 AND status = 'queued'
           OR awaits = 0 AND status = 'scheduled' AND +run_after_utc = '9999-12-31 23:59:59.999')
