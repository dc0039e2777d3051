-- Whether a schedule stands there just as it is defined.
SELECT 1 FROM schedules
WHERE name = :name AND type = :type AND timing = :timing AND timezone = :timezone AND catch_up = :catch_up AND task = :task
