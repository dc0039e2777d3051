-- A lane's waiting work by groups of 32 priorities.
SELECT key2, n, sum1 FROM counters WHERE kind = 1 AND key1 = ? AND n > 0
