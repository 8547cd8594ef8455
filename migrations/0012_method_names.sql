-- What its user calls a method: "Old phone".
ALTER TABLE methods ADD COLUMN name TEXT;
