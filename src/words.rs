//! What Rekey says to people outside the console: sign-in, set-up, recovery, mails. The sentences lie in `locales/`, a file a
//! part of the product; `td_string!(locale, sign_in.title)` is one of them, with its arguments by name where it has some.
//!
//! A message is plain text: whoever shows it escapes it. There is a `td!` as well, which makes views and a hundred times the
//! WASM; it stays inside.

/// Made by `build.rs`.
#[allow(warnings, clippy::all, clippy::pedantic, clippy::restriction, missing_docs)]
mod made {
    include!(concat!(env!("OUT_DIR"), "/words.rs"));
}

pub use made::i18n::{Locale, td_string};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_text_with_its_arguments() {
        assert_eq!(td_string!(Locale::en, common.product), "Rekey");
        assert_eq!(td_string!(Locale::en, mail.hello, name = "Zoë <b>"), "Hello Zoë <b>,");
    }
}
