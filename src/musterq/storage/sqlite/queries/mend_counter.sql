-- Adds what a counter lacks; its keys are given as they are stored.
INSERT INTO counters (kind, key1, key2, n, sum1, sum2, sum3) VALUES (
    :kind,
    CASE :form1 WHEN 'text' THEN CAST(:key1 AS TEXT) WHEN 'integer' THEN CAST(CAST(:key1 AS TEXT) AS INTEGER) ELSE :key1 END,
    CASE :form2 WHEN 'text' THEN CAST(:key2 AS TEXT) WHEN 'integer' THEN CAST(CAST(:key2 AS TEXT) AS INTEGER) ELSE :key2 END,
    :n, :sum1, :sum2, :sum3
)
ON CONFLICT (kind, key1, key2) DO UPDATE SET
    n = n + excluded.n, sum1 = sum1 + excluded.sum1, sum2 = sum2 + excluded.sum2, sum3 = sum3 + excluded.sum3
