-- Takes a duty that nobody has, or goes on with one's own; a term that is too long was given by a clock since set back.
INSERT INTO musterq_meta (name, value) VALUES (:duty, json_object('holder', :holder, 'until', :until))
ON CONFLICT (name) DO UPDATE SET value = excluded.value
WHERE json_extract(value, '$.holder') = :holder
      OR json_extract(value, '$.until') <= :now OR json_extract(value, '$.until') > :furthest
