-- Drops what is in the history now.
DELETE FROM tallies WHERE tally_id IN (SELECT value FROM json_each(:ids))
