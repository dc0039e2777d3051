-- The types that there are tasks of.
SELECT DISTINCT type FROM task_totals WHERE n > 0 ORDER BY type
