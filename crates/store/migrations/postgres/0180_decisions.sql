-- What was decided of each sound of the caller, and what became of each answer that was begun ahead.
-- Both are JSON arrays.
ALTER TABLE calls ADD COLUMN decisions TEXT COLLATE "C" NOT NULL DEFAULT '[]';
ALTER TABLE calls ADD COLUMN tries TEXT COLLATE "C" NOT NULL DEFAULT '[]';
