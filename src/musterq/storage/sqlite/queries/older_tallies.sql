-- Rows that were copied have not happened now.
DELETE FROM tallies
