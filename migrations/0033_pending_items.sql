-- Who is still to be reset: what runs a reset of a hundred thousand asks for the next of them a thousand times.
CREATE INDEX reset_items_pending ON reset_items (reset_id, customer_id, user_id)
    WHERE skip IS NULL AND done_at IS NULL AND failed_at IS NULL;
