-- How many tasks wait in a lane; how many are in slots before this task's, by the counts; and, each counted up to a bound, how
-- many are before it in its own slot (by priority, which is the same but in the outermost slots, then by id), and by id alone.
SELECT
    ifnull((SELECT n FROM counters WHERE kind = 0 AND key1 = :lane AND key2 = 0), 0),
    ifnull((SELECT sum(n) FROM counters WHERE kind = 2 AND key1 = :lane AND key2 < :slot), 0),
    (SELECT count(*) FROM (SELECT 1 FROM task_queue
                           WHERE status = 'queued' AND held = 0 AND lane_id = :lane
                                 AND priority >= :low AND priority < :priority LIMIT :most))
    + (SELECT count(*) FROM (SELECT 1 FROM task_queue
                             WHERE status = 'queued' AND held = 0 AND lane_id = :lane
                                   AND priority = :priority AND id < :id LIMIT :most)),
    (SELECT count(*) FROM (SELECT 1 FROM task_queue INDEXED BY task_waiting_by_id
                           WHERE status = 'queued' AND held = 0 AND lane_id = :lane AND late = 0 AND id < :id LIMIT :most))
    + (SELECT count(*) FROM (SELECT 1 FROM task_queue INDEXED BY task_waiting_by_id
                             WHERE status = 'queued' AND held = 0 AND lane_id = :lane AND late = 1 AND id < :id LIMIT :most))
