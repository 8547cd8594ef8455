-- Whoever asks for help stands on the board of people, however long ago they were reset.
CREATE INDEX links_asking ON links (help_asked_at) WHERE help_asked_at IS NOT NULL;
