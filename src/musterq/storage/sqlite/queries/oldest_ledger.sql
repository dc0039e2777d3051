-- The oldest entries of the ledger.
SELECT ledger_id, at_utc FROM rescue_ledger ORDER BY ledger_id LIMIT :limit
