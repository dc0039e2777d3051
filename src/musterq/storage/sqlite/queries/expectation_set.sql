-- Expects so many workers of a kind to be at work.
INSERT INTO worker_expectations (name, count, types, capabilities) VALUES (:name, :count, :types, :capabilities)
ON CONFLICT (name) DO UPDATE SET count = excluded.count, types = excluded.types, capabilities = excluded.capabilities
