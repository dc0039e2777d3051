-- Ends the limit of a type.
DELETE FROM type_limits WHERE type = :type
