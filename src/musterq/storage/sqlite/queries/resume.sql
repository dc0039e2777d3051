-- Ends a pause.
DELETE FROM paused_types WHERE type = :type
