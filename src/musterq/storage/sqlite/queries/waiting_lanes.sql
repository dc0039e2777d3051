-- The lanes that hold waiting work, with how much of it and its weight.
SELECT key1, n, sum1 FROM counters WHERE kind = 0 AND n > 0
