-- Whose it was, noted when their contact is deleted, so that they can be erased later on.
ALTER TABLE tasks ADD COLUMN former_number TEXT;
ALTER TABLE tasks ADD COLUMN former_email TEXT;
ALTER TABLE appointments ADD COLUMN former_number TEXT;
ALTER TABLE appointments ADD COLUMN former_email TEXT;
ALTER TABLE appointment_requests ADD COLUMN former_number TEXT;
ALTER TABLE appointment_requests ADD COLUMN former_email TEXT;
