-- The customers that somebody wants first in the customer selector.
CREATE TABLE favourite_customers (
    user_customer_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    PRIMARY KEY (user_customer_id, user_id, customer_id),
    FOREIGN KEY (user_customer_id, user_id) REFERENCES users (customer_id, id)
);
