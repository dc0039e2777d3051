-- Lets the triggers give the free places of a concurrency key.
INSERT INTO key_moves (concurrency_key) VALUES (CASE :form WHEN 'text' THEN CAST(:key AS TEXT) ELSE :key END)
