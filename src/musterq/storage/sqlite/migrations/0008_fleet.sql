-- The fleet: how many workers of a kind are meant to be at work, and who went last.

CREATE TABLE worker_expectations (
    name TEXT PRIMARY KEY,
    count INTEGER NOT NULL CHECK (count > 0),
    types TEXT CHECK (types IS NULL OR json_valid(types)), -- a JSON list of what each handles; NULL: whatever
    capabilities TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(capabilities)) -- what each satisfies, as a compatibility
) WITHOUT ROWID;

-- Workers whose row is gone; the newest thousand. One that is back is no longer among them.
CREATE TABLE worker_departures (
    departure_id INTEGER PRIMARY KEY,
    worker_id TEXT NOT NULL,
    host TEXT,
    types TEXT,
    capabilities TEXT NOT NULL,
    reason TEXT NOT NULL,
    last_seen_utc DATETIME NOT NULL
);

CREATE INDEX departure_of_worker ON worker_departures (worker_id);

CREATE TRIGGER worker_departed AFTER DELETE ON workers
BEGIN
    INSERT INTO worker_departures (worker_id, host, types, capabilities, reason, last_seen_utc)
    SELECT OLD.worker_id, fact.host, fact.types, OLD.capabilities,
           coalesce(fact.lost_reason || ifnull('; it ' || fact.lost_detail, ''), 'it was removed'), OLD.heartbeat_utc
    FROM (SELECT 1) LEFT JOIN worker_facts AS fact ON fact.worker_id = OLD.worker_id;
    DELETE FROM worker_departures WHERE departure_id <= (SELECT max(departure_id) FROM worker_departures) - 1000;
END;

CREATE TRIGGER worker_returned AFTER INSERT ON workers
BEGIN
    DELETE FROM worker_departures WHERE worker_id = NEW.worker_id;
END;
