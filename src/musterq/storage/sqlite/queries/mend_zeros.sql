-- Drops counters of nothing: a lane that holds none is not looked into.
DELETE FROM counters WHERE kind BETWEEN 0 AND 5 AND n = 0 AND sum1 = 0 AND sum2 = 0 AND sum3 = 0
