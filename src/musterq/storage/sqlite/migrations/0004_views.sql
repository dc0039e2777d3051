-- The views of the older layout, for people and programs that read by plain SQL; unlike the counters they scan.

CREATE VIEW v_queue_status_summary AS
SELECT status, count(*) AS task_count, round(avg(attempts), 2) AS avg_attempts,
       min(created_at_utc) AS oldest_task, max(created_at_utc) AS newest_task
FROM task_queue GROUP BY status;

CREATE VIEW v_queue_type_summary AS
SELECT type, status, count(*) AS task_count, avg(priority) AS avg_priority
FROM task_queue GROUP BY type, status;

CREATE VIEW v_worker_status AS
SELECT worker_id, capabilities, heartbeat_utc,
       (SELECT count(*) FROM task_queue
        WHERE status = 'processing' AND lease_until_utc IS NULL AND locked_by = workers.worker_id)
       + (SELECT count(*) FROM task_queue
          WHERE status = 'processing' AND lease_until_utc IS NOT NULL AND locked_by = workers.worker_id) AS active_tasks,
       CAST(round((julianday('now') - julianday(heartbeat_utc)) * 86400) AS INTEGER) AS seconds_since_heartbeat
FROM workers;

CREATE VIEW v_task_performance AS
SELECT type, status, count(*) AS task_count,
       avg((julianday(finished_at_utc) - julianday(processing_started_utc)) * 86400) AS avg_processing_seconds,
       avg(attempts) AS avg_attempts
FROM task_queue WHERE status IN ('completed', 'failed') GROUP BY type, status;

CREATE VIEW v_recent_failures AS
SELECT id, type, status, attempts, error_message, finished_at_utc
FROM task_queue WHERE status = 'failed' ORDER BY finished_at_utc DESC LIMIT 100;
