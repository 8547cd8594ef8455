-- A search finds any part of a name or an address without reading everybody. The extension comes with PostgreSQL, and the
-- owner of a database may install it; where it cannot be had, searches are slower and the rest is the same.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX users_by_part ON users USING gin (name_key gin_trgm_ops, address_key gin_trgm_ops) WHERE removed_at IS NULL;
EXCEPTION WHEN insufficient_privilege OR undefined_file OR undefined_object OR feature_not_supported THEN
    RAISE WARNING 'pg_trgm cannot be used here: searches read everybody';
END
$$;
