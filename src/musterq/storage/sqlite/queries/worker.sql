-- One worker.
SELECT worker_id, capabilities, heartbeat_utc FROM workers WHERE worker_id = ?
