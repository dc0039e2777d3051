-- Views, triggers or indexes of the older layout's tables.
SELECT name FROM sqlite_master
WHERE type = :kind AND sql IS NOT NULL
      AND (tbl_name IN ('task_queue', 'workers', 'task_logs')
           OR name IN ('v_queue_status_summary', 'v_queue_type_summary', 'v_worker_status', 'v_task_performance',
                       'v_recent_failures'))
