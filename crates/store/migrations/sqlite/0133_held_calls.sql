-- The node that carries a call, and until when it holds on to it without saying so again. Both are
-- there once the call was begun by a node that has a name.
ALTER TABLE calls ADD COLUMN node TEXT;
ALTER TABLE calls ADD COLUMN held_until INTEGER;
