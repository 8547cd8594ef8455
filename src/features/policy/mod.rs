//! A customer's policy: what it asks of its users and of those who reset them.
