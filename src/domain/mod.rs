//! The rules of Rekey, pure: they read like the product document and know no database, no network, no clock and no
//! randomness. Time and random bytes come in as arguments.

pub mod access;
pub mod address;
pub mod approval;
pub mod audit;
pub mod authority;
pub mod backup_code;
pub mod board;
pub mod call_back;
pub mod caller;
pub mod count;
pub mod customer;
pub mod device;
pub mod forgotten;
pub mod ids;
pub mod invitation;
pub mod mail;
pub mod method;
pub mod network;
pub mod not_me;
pub mod password;
pub mod phone;
pub mod plan;
pub mod policy;
pub mod progress;
pub mod recovery;
pub mod reset_filter;
pub mod resilience;
pub mod sign_in;
pub mod time;
pub mod token;
pub mod totp;
pub mod user;
pub mod user_filter;
pub mod zone;

/// A stored or transmitted text that is not a value of its type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {0}")]
pub struct Unreadable(pub &'static str);

/// Gives a closed enum its one spelling, for the database, the address bar and the wire alike.
macro_rules! spelled {
    ($name:ident { $($variant:ident => $text:literal),+ $(,)? }) => {
        impl $name {
            /// Every value, in the order of the definition.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The one spelling of this value.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::Unreadable;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::domain::Unreadable(stringify!($name))),
                }
            }
        }
    };
}
pub(crate) use spelled;
