-- Where the next stretch of tasks ends; NULL: there are no more.
SELECT max(id) FROM (SELECT id FROM task_queue WHERE id > :after ORDER BY id LIMIT :limit)
