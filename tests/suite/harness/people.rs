//! Making people, with what only they know.

use std::sync::OnceLock;
use std::sync::atomic::Ordering;

use rekey::domain::authority::Role;
use rekey::domain::backup_code::BackupCode;
use rekey::domain::customer::Customer;
use rekey::domain::ids::UserId;
use rekey::domain::policy::Policy;
use rekey::domain::user::UserRef;
use rekey::features::users::service::NewUser;
use rekey::features::{backup_codes, methods, users};
use rekey::platform::Platform;
use rekey::platform::totp::TotpSecret;

use super::{START, World};

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery staple";

/// The hash of [`PASSWORD`], worked out once.
async fn password_hash(platform: &Platform) -> String {
    static HASH: OnceLock<String> = OnceLock::new();
    if HASH.get().is_none() {
        let hash = platform.hasher.hash(PASSWORD.to_owned(), [8; 16]).await.expect("nobody else hashes yet");
        let _ = HASH.set(hash);
    }
    HASH.get().expect("it was just set").clone()
}

/// Whom to make.
#[derive(Clone, Copy)]
pub struct Who {
    pub name: Option<&'static str>,
    pub role: Role,
    /// Their set-up is not finished.
    pub invited: bool,
    pub suspended: bool,
    /// Their address is not known to reach them.
    pub unverified: bool,
    /// They have neither authenticator nor backup codes.
    pub without_factor: bool,
}

impl Who {
    /// Someone who can sign in, with an authenticator and ten backup codes.
    pub const MEMBER: Self = Self {
        name: None,
        role: Role::Member,
        invited: false,
        suspended: false,
        unverified: false,
        without_factor: false,
    };
    /// The same without a factor: the next sign-in is a set-up.
    pub const NEW: Self = Self { without_factor: true, ..Self::MEMBER };
}

/// Somebody, with what only they know.
#[derive(Clone)]
pub struct Person {
    pub user: UserRef,
    pub name: String,
    pub address: String,
    pub secret: TotpSecret,
    pub codes: Vec<BackupCode>,
}

impl World {
    /// A new member of `customer` who can sign in, with an authenticator and ten backup codes.
    pub async fn member(&self, customer: &Customer) -> Person {
        self.person(customer, Who::MEMBER).await
    }

    /// A new person with this role.
    pub async fn with_role(&self, customer: &Customer, role: Role) -> Person {
        self.person(customer, Who { role, ..Who::MEMBER }).await
    }

    /// A new person.
    pub async fn person(&self, customer: &Customer, who: Who) -> Person {
        self.people(customer, who, 1).await.remove(0)
    }

    /// Several new people alike.
    pub async fn people(&self, customer: &Customer, who: Who, count: usize) -> Vec<Person> {
        let platform = &self.platform;
        let hash = password_hash(platform).await;
        let new: Vec<NewUser> = (0..count)
            .map(|_| {
                let n = self.people.fetch_add(1, Ordering::SeqCst);
                NewUser {
                    name: who.name.map_or_else(|| format!("Person {n}"), str::to_owned),
                    address: format!("person{n}@{}.example", customer.name.to_lowercase()).parse().unwrap(),
                    address_verified_at: (!who.unverified).then_some(START),
                    password_hash: (!who.invited).then(|| hash.clone()),
                    suspended: who.suspended,
                    last_sign_in_at: None,
                    role: who.role,
                }
            })
            .collect();
        let mut tx = platform.db.begin().await.unwrap();
        let added = users::service::add(&mut tx, platform, customer.id, &new).await.unwrap();
        let mut people = Vec::new();
        for (user, new) in added.into_iter().zip(new) {
            let secret = TotpSecret::from_bytes(platform.rng.bytes());
            let mut codes = Vec::new();
            if !who.without_factor && !who.invited {
                let long_ago = rekey::domain::totp::Step(0);
                methods::service::register(&mut tx, platform, user, &secret, long_ago).await.unwrap();
                codes = backup_codes::service::make(&mut tx, platform, user).await.unwrap().0.to_vec();
            }
            people.push(Person { user, name: new.name, address: new.address.to_string(), secret, codes });
        }
        tx.commit().await.unwrap();
        people
    }

    /// Gives somebody a role in another customer.
    pub async fn grant(&self, person: &Person, customer: &Customer, role: Role) {
        let mut tx = self.platform.db.begin().await.unwrap();
        users::service::set_role(&mut tx, person.user, customer.id, role, self.now()).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn suspend(&self, person: &Person) {
        let mut tx = self.platform.db.begin().await.unwrap();
        users::service::suspend(&mut tx, person.user, self.now()).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn set_policy(&self, customer: &Customer, policy: Policy) {
        let (json, low) = (serde_json::to_string(&policy).unwrap(), policy.codes_low);
        let text = format!("UPDATE customers SET policy = '{json}', codes_low = {low} WHERE id = '{}'", customer.id);
        self.execute(&text).await;
    }
}

pub fn ids(users: &[UserRef]) -> Vec<UserId> {
    users.iter().map(|user| user.id).collect()
}

pub fn users_of(people: &[Person]) -> Vec<UserRef> {
    people.iter().map(|person| person.user).collect()
}
