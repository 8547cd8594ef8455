//! The demo's people: a provider, its technician and three customers, with names as the world has them. They come in
//! through the same services as anybody, over a past that ends now; their passwords, codes and secrets are real.

mod tokens;

use crate::domain::access::{last_day, read_end};
use crate::domain::audit::{Event, What};
use crate::domain::authority::Role;
use crate::domain::ids::CustomerId;
use crate::domain::phone::PhoneNumber;
use crate::domain::policy::Policy;
use crate::domain::time::{Span, Time};
use crate::domain::totp::Step;
use crate::domain::user::{Address, UserRef};
use crate::features::access::roles;
use crate::features::accounts::invite;
use crate::features::session::service::devices;
use crate::features::users::service::NewUser;
use crate::features::{audit, backup_codes, customers, methods, session, sign_in, users};
use crate::platform::request::Origin;
use crate::platform::totp::TotpSecret;
use crate::platform::{Clock, Platform, Result, Tx};

/// Everybody's password.
pub const PASSWORD: &str = "nordlicht-hafenwerk";
/// Who looks after all three customers, with another role in each.
pub const TECHNICIAN: &str = "ines.marchetti@nordlicht.example";

/// For how many days the provider's own people may trust a device, and who does.
const TRUST_DAYS: u16 = 30;
const TRUSTS: &str = "ole.hinrichs@nordlicht.example";

/// Who looks after one customer more for some time: address, their domain, role, for how many days from now.
const FOR_SOME_TIME: [(&str, &str, Role, i64); 3] = [
    ("jonas.thiessen@nordlicht.example", "hafenwerk.example", Role::Admin, 120),
    ("ole.hinrichs@nordlicht.example", "saobento.example", Role::Admin, 45),
    ("dagny@nordlicht.example", "saobento.example", Role::Auditor, 9),
];

const PEOPLE: &str = include_str!("people.tsv");

struct DemoCustomer {
    domain: &'static str,
    name: &'static str,
    help_desk: &'static str,
    /// How long ago it came, in days.
    days: i64,
    /// Its policy, as it stands at this moment.
    policy: fn(Policy, Time) -> Policy,
    /// The technician's role in it.
    technician: Role,
    /// For how many days from now the technician has it; none: it does not end.
    technician_days: Option<i64>,
}

const CUSTOMERS: [DemoCustomer; 4] = [
    DemoCustomer {
        domain: "nordlicht.example",
        name: "Nordlicht IT",
        help_desk: "+49 40 5550 100",
        days: 420,
        policy: |mut policy, _| {
            policy.trust_days = TRUST_DAYS;
            policy
        },
        technician: Role::Owner,
        technician_days: None,
    },
    DemoCustomer {
        domain: "hafenwerk.example",
        name: "Hafenwerk Logistik",
        help_desk: "+49 40 5550 4040, weekdays from 6 to 22",
        days: 400,
        policy: |mut policy, _| {
            policy.trust_days = 30;
            policy.approver_privileged = true;
            policy.with_link_minutes(24 * 60)
        },
        technician: Role::Owner,
        technician_days: None,
    },
    DemoCustomer {
        domain: "saobento.example",
        name: "Clínica São Bento",
        help_desk: "ramal 4040",
        days: 360,
        // It has switched MFA on some days ago, and its people may still put it off.
        policy: |mut policy, now| {
            policy.ticket_required = true;
            policy.mfa_required_since = Some(before(now, Span::hours(24 * 9 + 7)));
            policy.grace_days = 14;
            policy
        },
        technician: Role::Admin,
        technician_days: Some(75),
    },
    DemoCustomer {
        domain: "alwaha.example",
        name: "مؤسسة الواحة التعليمية",
        help_desk: "help@alwaha.example",
        days: 330,
        policy: |mut policy, _| {
            policy.mfa_required = false;
            policy
        },
        technician: Role::Auditor,
        technician_days: None,
    },
];

/// Who has a phone besides, and its number: two of those that are kept for films.
const PHONES: [(&str, &str); 2] =
    [("doerte.petersen@hafenwerk.example", "1713920012"), ("salman.alqurashi@alwaha.example", "1713920034")];

/// How somebody stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Active,
    Invited,
    Suspended,
    NoFactor,
    FewCodes,
    UnsavedCodes,
    Unverified,
}

impl State {
    const fn has_factor(self) -> bool {
        !matches!(self, Self::Invited | Self::NoFactor)
    }
}

/// A line of `people.tsv`.
struct Person {
    address: Address,
    role: Role,
    state: State,
    /// How long before now they last signed in.
    last_sign_in: Option<Span>,
    name: &'static str,
}

impl Person {
    fn read(line: &'static str) -> Option<Self> {
        let mut cells = line.split('\t');
        let person = Self {
            address: cells.next()?.parse().ok()?,
            role: cells.next()?.parse().ok()?,
            state: match cells.next()? {
                "active" => State::Active,
                "invited" => State::Invited,
                "suspended" => State::Suspended,
                "no-factor" => State::NoFactor,
                "few-codes" => State::FewCodes,
                "unsaved-codes" => State::UnsavedCodes,
                "unverified" => State::Unverified,
                _ => return None,
            },
            last_sign_in: match cells.next()? {
                "-" => None,
                span => Some(read_span(span)?),
            },
            name: cells.next()?,
        };
        cells.next().is_none().then_some(person)
    }

    fn new_user(&self, password_hash: &str, added: Time, now: Time) -> NewUser {
        NewUser {
            name: self.name.to_owned(),
            address: self.address.clone(),
            address_verified_at: (self.state != State::Unverified).then_some(added),
            password_hash: (self.state != State::Invited).then(|| password_hash.to_owned()),
            suspended: false,
            last_sign_in_at: self.last_sign_in.map(|ago| before(now, ago)),
            role: self.role,
        }
    }
}

/// `12m`, `3h` or `5d`.
fn read_span(text: &str) -> Option<Span> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number = number.parse().ok()?;
    match unit {
        "m" => Some(Span::minutes(number)),
        "h" => Some(Span::hours(number)),
        "d" => Some(Span::hours(24 * number)),
        _ => None,
    }
}

fn people() -> impl Iterator<Item = Person> {
    PEOPLE.lines().skip(1).zip(0i64..).map(|(line, number)| {
        let person = Person::read(line).expect("a test reads every line");
        // Up to half as long again, so that no two come at the same moment.
        let spread = |ago: Span| Span::seconds(ago.as_seconds() + ago.as_seconds() * (number * 37 % 101) / 202);
        Person { last_sign_in: person.last_sign_in.map(spread), ..person }
    })
}

/// Fills an empty demo, all or nothing. One that has been filled stays as it is.
///
/// # Errors
/// When the database fails.
///
/// # Panics
/// Never: each of the demo's customers has an owner.
pub async fn seed(platform: &Platform) -> Result<()> {
    if customers::service::named(&mut *platform.db.read().await?, CUSTOMERS[0].name).await?.is_some() {
        return Ok(());
    }
    let now = platform.now();
    // One hash for all of them: two hundred would take seconds.
    let hash = platform.hasher.hash(PASSWORD.to_owned(), platform.rng.bytes()).await?;
    let mut tx = platform.db.begin().await?;
    let mut technician = None;
    let mut provider: Option<CustomerId> = None;
    let mut helpers: Vec<(&str, UserRef)> = Vec::new();
    let mut visits = Vec::new();
    let mut invited: Vec<(UserRef, Vec<UserRef>)> = Vec::new();
    for customer in &CUSTOMERS {
        let then = at(platform, before(now, Span::hours(24 * customer.days)));
        let policy = (customer.policy)(Policy::default(), now);
        let help_desk = Some(customer.help_desk.to_owned());
        // Of two demos that begin at once on one database, the other one fills it.
        let Some(added) = customers::service::add(&mut tx, &then, customer.name, help_desk, policy).await? else {
            return Ok(());
        };
        match provider {
            Some(provider) => customers::service::set_provider(&mut tx, added.id, provider).await?,
            None => customers::service::make_provider(&mut tx, added.id, then.now()).await?,
        }
        provider = provider.or(Some(added.id));
        let people: Vec<Person> =
            people().filter(|person| person.address.as_str().ends_with(customer.domain)).collect();
        let new: Vec<NewUser> = people.iter().map(|person| person.new_user(&hash, then.now(), now)).collect();
        let users = users::service::add(&mut tx, &then, added.id, &new).await?;
        let owner = people.iter().position(|person| person.role == Role::Owner).expect("every customer has one");
        let is_new = |user: &UserRef| {
            users.iter().zip(&people).any(|(one, person)| one == user && person.state == State::Invited)
        };
        invited.push((users[owner], users.iter().copied().filter(is_new).collect()));
        let mut holders = Vec::new();
        for (user, person) in users.into_iter().zip(people) {
            if person.address.as_str() == TECHNICIAN {
                technician = Some(user);
            }
            let helps = FOR_SOME_TIME.iter().find(|(address, ..)| person.address.as_str() == *address);
            helpers.extend(helps.map(|(address, ..)| (*address, user)));
            if person.state == State::Active && person.role == Role::Member {
                holders.push(user);
            }
            if person.state.has_factor() {
                enrol(&mut tx, &then, user, person.state).await?;
                let phone = PHONES.iter().find(|(address, _)| person.address.as_str() == *address);
                if let Some(number) = phone.and_then(|(_, number)| PhoneNumber::new(49, number).ok()) {
                    methods::service::phones::register(&mut tx, &then, user, &number, None).await?;
                }
            }
            let trusts = person.address.as_str() == TRUSTS;
            visits.extend(person.last_sign_in.map(|ago| Visit { user, ago, state: person.state, trusts }));
        }
        if let Some(technician) = technician {
            let until = customer.technician_days.and_then(|days| end(now, days));
            roles::give(&mut tx, added.id, technician, customer.technician, then.now(), until).await?;
            if customer.technician == Role::Owner {
                // The last ones: lists begin with others.
                holders.reverse();
                tokens::fill(&mut tx, &then, added.id, technician, &holders).await?;
            }
        }
        for (address, _, role, days) in FOR_SOME_TIME.iter().filter(|(_, domain, ..)| *domain == customer.domain) {
            if let Some((_, user)) = helpers.iter().find(|(helper, _)| helper == address) {
                let since = before(now, Span::hours(24 * 20));
                roles::give(&mut tx, added.id, *user, *role, since, end(now, *days)).await?;
            }
        }
    }
    // The oldest first: the audit goes forward in time.
    visits.sort_by_key(|visit| std::cmp::Reverse(visit.ago));
    for (number, visit) in visits.iter().enumerate() {
        let then = at(platform, before(now, visit.ago));
        visit.take_place(&mut tx, &then, number).await?;
    }
    for (owner, users) in &invited {
        let owner = session::service::actor(&mut tx, *owner, now).await?.expect("the owner can sign in");
        invite::send(&mut tx, platform, None, &owner, owner.user.customer, users).await?;
    }
    tx.commit().await
}

/// The same world at another time.
fn at(platform: &Platform, time: Time) -> Platform {
    Platform { clock: Clock::held(time), ..platform.clone() }
}

/// The end of the day so many days from now.
fn end(now: Time, days: i64) -> Option<Time> {
    read_end(&last_day(now + Span::hours(24 * days)), now).ok().flatten()
}

fn before(now: Time, span: Span) -> Time {
    now - span
}

/// An authenticator and ten codes.
async fn enrol(tx: &mut Tx, then: &Platform, user: UserRef, state: State) -> Result<()> {
    let secret = TotpSecret::from_bytes(then.rng.bytes());
    methods::service::register(tx, then, user, &secret, Step::at(then.now())).await?;
    let codes = backup_codes::service::make(tx, then, user).await?.0;
    if state != State::UnsavedCodes {
        backup_codes::service::rehearse(tx, then, user, &codes[0]).await?;
    }
    if state == State::FewCodes {
        for (number, code) in codes[2..].iter().enumerate() {
            backup_codes::service::spend(tx, then, &origin(number), user, code).await?;
        }
    }
    Ok(())
}

/// The last time that somebody signed in.
struct Visit {
    user: UserRef,
    ago: Span,
    state: State,
    /// Whether they trusted the device on which they did.
    trusts: bool,
}

impl Visit {
    async fn take_place(&self, tx: &mut Tx, then: &Platform, number: usize) -> Result<()> {
        if let Some(code) = methods::service::code_now(tx, then, self.user).await? {
            methods::service::take_code(tx, then, self.user, &code, None).await?;
        }
        if self.state == State::Suspended {
            return users::service::suspend(tx, self.user, then.now() + Span::hours(20)).await;
        }
        // Those of the last days left a record, and a session for as long as sessions last.
        if self.ago < Span::hours(24 * 7) {
            let how = if self.state.has_factor() { "authenticator app" } else { "password" };
            let (user, origin) = (self.user, origin(number));
            let session = sign_in::service::enter(tx, then, &origin, user, how, None).await?;
            if self.trusts {
                let device = devices::trust(tx, then, user, &origin, TRUST_DAYS).await?;
                devices::belongs(tx, &session, device.id).await?;
                let event = Event::new(then.now(), What::DeviceTrusted, Some(user.customer)).by(user).about(user.id);
                audit::service::record(tx, then, event.from(origin.address).with("days", TRUST_DAYS)).await?;
            }
        }
        Ok(())
    }
}

/// Somewhere in the networks that documents may use (RFC 5737).
fn origin(number: usize) -> Origin {
    const BROWSERS: [&str; 3] = [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
        "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    ];
    let browser = BROWSERS[number % BROWSERS.len()];
    Origin { address: Some(format!("198.51.100.{}", number % 250 + 1)), browser: Some(browser.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_person_of_a_customer() {
        let lines: Vec<&str> = PEOPLE.lines().skip(1).collect();
        assert!(lines.len() >= 200);
        for line in lines {
            let person = Person::read(line).unwrap_or_else(|| panic!("{line}"));
            let homes = CUSTOMERS.iter().filter(|customer| person.address.as_str().ends_with(customer.domain)).count();
            assert_eq!(homes, 1, "{line}");
            assert_eq!(person.last_sign_in.is_none(), person.state == State::Invited, "{line}");
            assert_eq!(crate::domain::user::clean_name(person.name), person.name, "{line}");
        }
        assert!(people().any(|person| person.address.as_str() == TECHNICIAN && person.role == Role::Owner));
    }
}
