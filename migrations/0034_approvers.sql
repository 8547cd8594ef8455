-- Who was asked to approve a plan, so that they hear when it no longer waits for them.
CREATE TABLE reset_approvers (
    reset_id TEXT NOT NULL REFERENCES resets (id),
    customer_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (reset_id, customer_id, user_id),
    FOREIGN KEY (customer_id, user_id) REFERENCES users (customer_id, id)
);
