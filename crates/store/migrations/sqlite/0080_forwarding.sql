-- The last try to pass a call on: to a number, an extension or an agent, and what came of it.
ALTER TABLE calls ADD COLUMN forwarded_to TEXT;
ALTER TABLE calls ADD COLUMN forward_outcome TEXT;
ALTER TABLE calls ADD COLUMN forward_sip_code INTEGER;
