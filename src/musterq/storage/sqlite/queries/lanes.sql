-- All lanes whose type is not paused.
SELECT lane_id, type, compatibility FROM lanes WHERE type NOT IN (SELECT type FROM paused_types)
