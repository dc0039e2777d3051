-- Moves a schedule on from the tick that was expected, unless somebody did so before, or it is paused or gone.
UPDATE schedules SET
    next_utc = :following, last_utc = CASE WHEN :enqueues THEN :now ELSE last_utc END, updated_at_utc = :now
WHERE name = :name AND next_utc = :expected AND paused = 0
