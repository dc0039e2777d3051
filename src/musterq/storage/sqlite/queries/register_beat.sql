-- The beat by the boot clock, beside the worker's row.
INSERT INTO worker_facts (worker_id, beat_text, beat_boot_id, beat_boot_ms) VALUES (:worker, :now, :boot_id, :boot_ms)
ON CONFLICT (worker_id) DO UPDATE SET
    beat_text = excluded.beat_text, beat_boot_id = excluded.beat_boot_id, beat_boot_ms = excluded.beat_boot_ms
