-- What a call costs, in millionths of the currency's unit. Neither is there of a call without a price.
ALTER TABLE calls ADD COLUMN cost_micros BIGINT;
ALTER TABLE calls ADD COLUMN cost_currency TEXT COLLATE "C";
