//! Identifiers: 128 bits, the first 48 of them the time of making, so that rows of one customer lie in the order they
//! came. Written as 26 characters of Crockford's Base32, lower case.

use std::fmt;
use std::str::FromStr;

use super::Unreadable;
use super::time::Time;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 26;

fn write(value: u128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let text: String =
        (0..LENGTH).rev().map(|place| char::from(ALPHABET[(value >> (place * 5)) as usize & 31])).collect();
    f.pad(&text)
}

fn read(text: &str) -> Option<u128> {
    // 26 characters hold 130 bits: the first may only be 0 to 7.
    if text.len() != LENGTH || text.as_bytes()[0] > b'7' {
        return None;
    }
    text.bytes().try_fold(0u128, |value, byte| {
        let digit = ALPHABET.iter().position(|&letter| letter == byte)?;
        Some(value << 5 | digit as u128)
    })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// A new identifier from the time and ten random bytes.
            #[must_use]
            pub fn new(now: Time, random: [u8; 10]) -> Self {
                let mut bytes = [0; 16];
                bytes[6..].copy_from_slice(&random);
                let milliseconds = now.unix_milliseconds().unsigned_abs() & 0xffff_ffff_ffff;
                Self(u128::from(milliseconds) << 80 | u128::from_be_bytes(bytes))
            }
        }

        impl From<$name> for u128 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write(self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write(self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = Unreadable;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                read(text).map(Self).ok_or(Unreadable("identifier"))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// A customer: an organisation.
    CustomerId
);
id!(
    /// A user, in one home customer.
    UserId
);
id!(
    /// One authentication method of one user.
    MethodId
);
id!(
    /// The reset of a reviewed selection of users.
    ResetId
);
id!(
    /// A link that goes out by mail: of a recovery, or of an invitation.
    LinkId
);
id!(
    /// A list of people to invite, as it was read from a file.
    InviteListId
);
id!(
    /// A list of addresses out of which a selection is made.
    ResetListId
);
id!(
    /// A hardware token in a customer's stock.
    TokenId
);
id!(
    /// A file of tokens, between preview and confirmation.
    TokenImportId
);
id!(
    /// A mail in the outbox.
    MailId
);
id!(
    /// A code that was sent to a phone.
    PhoneCodeId
);
id!(
    /// A code that a help desk reads out.
    CallerCodeId
);
id!(
    /// A request for a new password.
    PasswordRequestId
);
id!(
    /// A session, as lists of sessions name it. It opens nothing: the cookie holds another secret.
    SessionId
);
id!(
    /// A trusted device, as lists of them name it. It opens nothing: the cookie holds another secret.
    DeviceId
);
id!(
    /// A half-finished sign-in or recovery.
    ChallengeId
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(milliseconds in 0i64..1 << 48, random: [u8; 10]) {
            let id = UserId::new(Time::from_unix_milliseconds(milliseconds), random);
            prop_assert_eq!(id.to_string().parse::<UserId>(), Ok(id));
            prop_assert_eq!(id.to_string().len(), LENGTH);
        }

        #[test]
        fn later_ids_sort_later_as_text(a in 0i64..1 << 48, b in 0i64..1 << 48, random: [u8; 10]) {
            prop_assume!(a < b);
            let id = |at| UserId::new(Time::from_unix_milliseconds(at), random).to_string();
            prop_assert!(id(a) < id(b));
        }

        #[test]
        fn anything_else_is_refused(text in "\\PC{0,40}") {
            if let Ok(id) = text.parse::<UserId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
