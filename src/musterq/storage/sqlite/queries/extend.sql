-- Moves the end of a claim's lease. Changes nothing where the claim is no longer held.
UPDATE task_queue SET
    lease_until_utc = :lease, lease_text = :lease, lease_boot_id = :boot_id, lease_boot_ms = :lease_ms, updated_at_utc = :now
WHERE id = :id AND claim_token = :token AND status = 'processing'
