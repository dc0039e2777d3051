-- The lanes that hold waiting work and whose type is not paused, with how much of it, and the generation of all lanes.
SELECT lanes.lane_id, lanes.type, lanes.compatibility, counters.n,
       (SELECT value FROM musterq_meta WHERE name = 'lane_generation')
FROM counters JOIN lanes ON lanes.lane_id = counters.key1
WHERE counters.kind = 0 AND counters.n > 0 AND lanes.type NOT IN (SELECT type FROM paused_types)
