//! A scope in SQL, where it covers very many customers: found in the memberships of whoever holds it, so that no statement names
//! them one by one.

use crate::domain::authority::{Held, Role, Scope};
use crate::platform::Conn;
use crate::platform::db::{FEW, among};

/// The condition that a row `h` of `memberships` is one of those that make up `scope`, with the values of its placeholders,
/// which begin at `$from`. None where its customers are named instead: few, or a choice.
#[must_use]
pub fn held(scope: &Scope, from: usize) -> Option<(String, Vec<String>)> {
    let Held { by, right, as_of } = scope.held().filter(|_| scope.customers().len() > FEW)?;
    let roles = Role::ALL.iter().filter(|role| right.is_held_by(**role)).map(|role| format!("'{role}'"));
    let text = format!(
        "h.user_customer_id = ${from} AND h.user_id = ${} AND h.role IN ({}) \
         AND (h.ends_at IS NULL OR h.ends_at > CAST(${} AS BIGINT))",
        from + 1,
        roles.collect::<Vec<_>>().join(", "),
        from + 2
    );
    Some((text, vec![by.customer.to_string(), by.id.to_string(), as_of.unix_milliseconds().to_string()]))
}

/// The condition that `column` is a customer of `scope`, asked of each row that something else finds: its identifier, or the order
/// of a page. With the values of its placeholders, which begin at `$from`.
#[must_use]
pub fn each_within(conn: &Conn, column: &str, from: usize, scope: &Scope) -> (String, Vec<String>) {
    match held(scope, from) {
        // PostgreSQL would make a join of it, begin at the memberships and sort everybody: an offset keeps it from that.
        Some((held, values)) => (
            format!("EXISTS (SELECT 1 FROM memberships h WHERE h.customer_id = {column} AND {held} LIMIT 1 OFFSET 0)"),
            values,
        ),
        // Joining nothing keeps it from the indexes that begin with the customer.
        None => among(conn, &format!("({column} || '')"), from, scope.customers()),
    }
}
