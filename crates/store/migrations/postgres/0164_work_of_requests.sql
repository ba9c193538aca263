-- What a request makes has this id, also when its process died and another one does it anew.
ALTER TABLE idempotency ADD COLUMN work_id TEXT COLLATE "C";
