-- A row of the history.
SELECT n, ms, buckets FROM history WHERE span = :span AND by_type = :by_type AND what = :what AND at = :at AND type = :type
