-- A lane's waiting work by priority, within one group.
SELECT key2, n, sum1 FROM counters WHERE kind = 2 AND key1 = ? AND key2 BETWEEN ? AND ? AND n > 0
