-- The counters that rows can tell, under exact keys.
SELECT kind, typeof(key1), CAST(key1 AS BLOB), typeof(key2), CAST(key2 AS BLOB),
       CAST(n AS INTEGER), CAST(sum1 AS INTEGER), CAST(sum2 AS INTEGER), CAST(sum3 AS INTEGER)
FROM counters WHERE kind BETWEEN 0 AND 4
