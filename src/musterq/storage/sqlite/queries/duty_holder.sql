-- Who does a duty for all, and until when.
SELECT json_extract(value, '$.holder'), json_extract(value, '$.until') FROM musterq_meta WHERE name = :duty
