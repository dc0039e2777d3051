-- Takes entries of the ledger away; their totals stay.
DELETE FROM rescue_ledger WHERE ledger_id IN (SELECT value FROM json_each(:ids))
