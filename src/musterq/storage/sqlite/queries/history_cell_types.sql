-- The rows by type that make up a row of all types together.
SELECT n, ms, buckets FROM history WHERE span = :span AND by_type = 1 AND what = :what AND at = :at
