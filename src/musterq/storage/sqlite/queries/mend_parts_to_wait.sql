-- Lets the triggers have tasks wait for their parts.
UPDATE task_queue SET awaits = awaits WHERE id IN (SELECT value FROM json_each(:ids)) AND awaits > 0 AND status = 'queued'
