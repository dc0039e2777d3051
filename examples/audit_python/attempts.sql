-- How many tasks there are, how many completed, how often they were started, and how often in vain.
SELECT
    count(*) AS tasks,
    count(*) FILTER (WHERE status = 'completed') AS completed,
    coalesce(sum(attempts), 0) AS attempts,
    (SELECT count(*) FROM task_attempts) AS in_vain
FROM task_queue;
