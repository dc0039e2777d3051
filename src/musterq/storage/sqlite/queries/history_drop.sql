-- Drops a row of the history.
DELETE FROM history WHERE span = :span AND by_type = :by_type AND what = :what AND at = :at AND type = :type
