-- The last try to pass a call on: to a number, an extension or an agent, and what came of it.
ALTER TABLE calls ADD COLUMN forwarded_to TEXT COLLATE "C";
ALTER TABLE calls ADD COLUMN forward_outcome TEXT COLLATE "C";
ALTER TABLE calls ADD COLUMN forward_sip_code BIGINT;
