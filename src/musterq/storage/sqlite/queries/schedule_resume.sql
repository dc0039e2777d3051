-- Lets a paused schedule tick again, at the given moment or later: what it did not tick meanwhile was not missed.
UPDATE schedules SET paused = 0, next_utc = max(next_utc, :next), updated_at_utc = :now WHERE name = :name AND paused <> 0
