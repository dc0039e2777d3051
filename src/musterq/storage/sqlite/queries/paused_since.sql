-- Since when a type is paused.
SELECT since_utc FROM paused_types WHERE type = :type
