-- Takes tasks away; a trigger counts them out.
DELETE FROM task_queue WHERE id IN (SELECT value FROM json_each(:ids))
