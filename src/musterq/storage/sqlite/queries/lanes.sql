-- All lanes whose type is not paused, and whether their type has a limit.
SELECT lane_id, type, compatibility, type IN (SELECT type FROM type_limits) FROM lanes
WHERE type NOT IN (SELECT type FROM paused_types)
