-- The browser and system, or the program, that logged in, in plain words; null if unknown.
--
-- Instances of earlier versions ignore it.
ALTER TABLE user_sessions
ADD COLUMN device VARCHAR(60)
