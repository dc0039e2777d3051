-- Forgets an expectation.
DELETE FROM worker_expectations WHERE name = :name
