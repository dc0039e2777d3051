-- The lane of a type and a compatibility.
SELECT lane_id FROM lanes WHERE type = ? AND compatibility = ?
