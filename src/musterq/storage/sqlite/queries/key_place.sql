-- How many places a concurrency key has, as its newest task says, and, each counted up to a bound, how many of its held tasks are
-- before this one: by priority, then by id.
SELECT
    (SELECT concurrency_limit FROM task_queue WHERE concurrency_key = :key ORDER BY id DESC LIMIT 1),
    (SELECT count(*) FROM (SELECT 1 FROM task_queue
                           WHERE status = 'queued' AND held = 1 AND concurrency_key = :key
                                 AND priority < :priority LIMIT :most))
    + (SELECT count(*) FROM (SELECT 1 FROM task_queue
                             WHERE status = 'queued' AND held = 1 AND concurrency_key = :key
                                   AND priority = :priority AND id < :id LIMIT :most))
