//! What is asked of the lists, and the least that a database can do for the same rows.

use crate::data::{Askers, LOOKED_AFTER};
use crate::http::Request;

/// One thing that is asked again and again.
pub struct Case {
    pub name: &'static str,
    pub request: Request,
    /// Bare SQL for the same rows: no session, no rules, no rendering.
    pub floor: String,
}

/// Whose rows somebody sees.
#[derive(Clone, Copy)]
enum Whose {
    /// The second customer's.
    One,
    /// The first forty customers'.
    Forty,
    /// Everybody's.
    All,
}

impl Whose {
    fn cookie(self, askers: &Askers) -> &str {
        match self {
            Self::One => &askers.owner,
            Self::Forty => &askers.technician,
            Self::All => &askers.provider,
        }
    }

    fn condition(self) -> String {
        let customer = |n: i64| format!("'01c000000{n:017}'");
        match self {
            Self::One => format!("u.customer_id = {}", customer(1)),
            Self::Forty => {
                format!("u.customer_id IN ({})", (0..LOOKED_AFTER).map(customer).collect::<Vec<_>>().join(", "))
            }
            Self::All => "u.customer_id > ''".to_owned(),
        }
    }
}

/// Fifty users with how many methods and codes they have, the fifty found first and the rest looked up for those alone.
fn users(whose: Whose, and: &str) -> String {
    format!(
        "SELECT u.name, u.address, c.name, m.role, u.last_sign_in_at, \
            (SELECT COUNT(*) FROM methods x WHERE x.customer_id = u.customer_id AND x.user_id = u.id), \
            (SELECT COUNT(*) FROM backup_codes b WHERE b.customer_id = u.customer_id AND b.user_id = u.id \
                AND b.used_at IS NULL) \
         FROM (SELECT u.customer_id, u.id FROM users u WHERE {} {and} ORDER BY u.name_key, u.id LIMIT 50) p \
         JOIN users u ON u.customer_id = p.customer_id AND u.id = p.id JOIN customers c ON c.id = u.customer_id \
         JOIN memberships m ON m.customer_id = u.customer_id AND m.user_id = u.id ORDER BY u.name_key, u.id",
        whose.condition()
    )
}

const SEARCH: &str = "AND (u.name_key LIKE '%mar%' OR u.address_key LIKE '%mar%')";

/// Everything that is measured, for those who ask. `next` is where the second page of one customer begins.
pub fn cases(askers: &Askers, next: &str) -> Vec<Case> {
    let call = |name, path, query: &str, whose: Whose, floor| Case {
        name,
        request: Request::call(path, whose.cookie(askers), &[("query", query)]),
        floor,
    };
    let page =
        |name, path, whose: Whose, floor| Case { name, request: Request::page(path, whose.cookie(askers)), floor };
    let (list, methods) = ("/api/users/page", "/api/users/methods");
    let none = "AND u.activated_at IS NOT NULL AND u.suspended_at IS NULL AND u.set_up_due_at IS NULL AND NOT EXISTS \
        (SELECT 1 FROM methods x WHERE x.customer_id = u.customer_id AND x.user_id = u.id)";
    let (id, place) = next.split_once('~').unwrap_or_default();
    let after = format!("AND (u.name_key, u.id) > ('{place}', '{id}')");
    let second: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("after", next).finish();
    let fifty_methods = |whose: Whose| {
        format!(
            "SELECT y.id, y.kind, y.registered_at, u.name, u.address, c.name FROM users u \
             JOIN methods y ON y.customer_id = u.customer_id AND y.user_id = u.id JOIN customers c ON c.id = u.customer_id \
             WHERE {} ORDER BY u.name_key, y.id LIMIT 50",
            whose.condition()
        )
    };
    let audit = |whose: Whose| {
        format!(
            "SELECT e.at, e.what, e.details, e.hash FROM audit_events e WHERE {} ORDER BY e.at DESC, e.number DESC LIMIT 50",
            whose.condition().replace("u.customer_id", "e.chain")
        )
    };
    vec![
        call("users, 1 customer", list, "", Whose::One, users(Whose::One, "")),
        call("users, 1 customer, 2nd page", list, &second, Whose::One, users(Whose::One, &after)),
        call("users, 40 customers", list, "", Whose::Forty, users(Whose::Forty, "")),
        call("users, all customers", list, "", Whose::All, users(Whose::All, "")),
        page("users as HTML, 1 customer", "/users", Whose::One, users(Whose::One, "")),
        page("users as HTML, 40 customers", "/users", Whose::Forty, users(Whose::Forty, "")),
        call("search, 1 customer", list, "q=mar", Whose::One, users(Whose::One, SEARCH)),
        call("search, 40 customers", list, "q=mar", Whose::Forty, users(Whose::Forty, SEARCH)),
        call("search, all customers", list, "q=mar", Whose::All, users(Whose::All, SEARCH)),
        call("no factor, 40 customers", list, "mfa=none", Whose::Forty, users(Whose::Forty, none)),
        call("methods, 1 customer", methods, "", Whose::One, fifty_methods(Whose::One)),
        page("methods as HTML, 40 customers", "/methods", Whose::Forty, fifty_methods(Whose::Forty)),
        page("audit as HTML, 1 customer", "/audit", Whose::One, audit(Whose::One)),
        page("audit as HTML, 40 customers", "/audit", Whose::Forty, audit(Whose::Forty)),
        page("audit as HTML, all customers", "/audit", Whose::All, audit(Whose::All)),
    ]
}
