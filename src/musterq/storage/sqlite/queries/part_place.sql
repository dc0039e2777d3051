-- Gives a new part its place, but for what follows it; what waits counts from 0, and triggers count up.
UPDATE task_queue SET group_id = :group, awaits = :awaits, joins = :joins, result_argument = :argument WHERE id = :id
