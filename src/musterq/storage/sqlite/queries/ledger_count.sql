-- How many entries the ledger has.
SELECT count(*) FROM rescue_ledger
