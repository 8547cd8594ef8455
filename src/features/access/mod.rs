//! Who may do what in which customer: customers, their people and roles, and access that ends by itself.
