-- Views, triggers and indexes on the older layout's tables: triggers and views first, so that dropping finds no loose ends.
SELECT type, name, sql FROM sqlite_master
WHERE type IN ('view', 'trigger', 'index') AND sql IS NOT NULL
      AND (tbl_name IN ('task_queue', 'workers', 'task_logs')
           OR name IN ('v_queue_status_summary', 'v_queue_type_summary', 'v_worker_status', 'v_task_performance',
                       'v_recent_failures'))
ORDER BY CASE type WHEN 'trigger' THEN 0 WHEN 'view' THEN 1 ELSE 2 END, rowid
