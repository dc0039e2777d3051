-- The rows of a shorter span that make up a row of the history.
SELECT n, ms, buckets FROM history
WHERE span = :fine AND by_type = :by_type AND what = :what AND type = :type
      AND at >= substr(:at, 1, :length) AND at < substr(:at, 1, :length) || '~'
