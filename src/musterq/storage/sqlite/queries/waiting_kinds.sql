-- What waits for a worker: type, compatibility and number of tasks of each lane whose type is not paused.
SELECT lanes.type, lanes.compatibility, counters.n
FROM counters JOIN lanes ON lanes.lane_id = counters.key1
WHERE counters.kind = 0 AND counters.n > 0 AND lanes.type NOT IN (SELECT type FROM paused_types)
