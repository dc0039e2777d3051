-- What is in a bucket at a moment.
UPDATE type_limits SET
    tokens = :tokens, tokens_at_utc = :now, tokens_boot_id = :boot_id, tokens_boot_ms = :boot_ms
WHERE type = :type
