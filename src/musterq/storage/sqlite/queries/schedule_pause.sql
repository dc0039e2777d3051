-- Lets a schedule tick no more until it is resumed.
UPDATE schedules SET paused = 1, updated_at_utc = :now WHERE name = :name
