-- Leaves a duty to whoever comes next.
DELETE FROM musterq_meta WHERE name = :duty AND json_extract(value, '$.holder') = :holder
