-- Grows whenever a lane is added or dropped, or a type is paused or resumed.
SELECT value FROM musterq_meta WHERE name = 'lane_generation'
