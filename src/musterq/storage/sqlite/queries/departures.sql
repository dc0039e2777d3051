-- Who went, the last first.
SELECT worker_id, host, types, capabilities, reason, last_seen_utc FROM worker_departures
ORDER BY last_seen_utc DESC, departure_id DESC
