-- Entries of the ledger (kind 6) of which there are more than were ever counted; what was pruned of it stays counted.
SELECT 6, typeof(event), CAST(event AS BLOB), typeof(reason), CAST(reason AS BLOB), kept, 0, 0, 0, there, 0, 0, 0
FROM (
    SELECT event, reason, count(*) AS there,
           ifnull((SELECT CAST(n AS INTEGER) FROM counters
                   WHERE kind = 6 AND key1 = entry.event AND key2 = entry.reason), 0) AS kept
    FROM rescue_ledger AS entry GROUP BY event, reason
)
WHERE there > kept
