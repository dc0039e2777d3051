-- Concurrency keys of which tasks are held although places are free: how many are taken, and how many must be.
SELECT typeof(concurrency_key), CAST(concurrency_key AS BLOB), taken, min(places, taken + held)
FROM (
    SELECT concurrency_key,
           (SELECT count(*) FROM task_queue
            WHERE concurrency_key = waits.concurrency_key AND held = 0 AND status IN ('queued', 'processing')) AS taken,
           (SELECT count(*) FROM task_queue
            WHERE concurrency_key = waits.concurrency_key AND held = 1 AND status = 'queued') AS held,
           (SELECT max(1, CAST(ifnull(concurrency_limit, 1) AS INTEGER)) FROM task_queue
            WHERE concurrency_key = waits.concurrency_key ORDER BY id DESC LIMIT 1) AS places
    FROM (SELECT DISTINCT concurrency_key FROM task_queue
          WHERE status = 'queued' AND held = 1 AND concurrency_key IS NOT NULL) AS waits
)
WHERE taken < places
