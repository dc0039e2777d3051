-- How often each event of the ledger happened, by reason.
SELECT event, reason, n FROM ledger_totals ORDER BY event, reason
