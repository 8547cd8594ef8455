//! The call-back check: the user's set-up page and the help desk's page show the same three words, and the help desk, with the
//! user on the phone, says that they are the same. Whoever holds the link and the proof but not the phone shows other words.

/// The words, one a line: short, plain, and apart from each other when they are spoken.
const WORDS: &str = include_str!("call_back.txt");
/// How many words there are: each is one byte of a hash.
const COUNT: usize = 256;
/// How many words are shown. Of as many set-ups as are at once, two show the same in one of 2^24 cases.
pub const SHOWN: usize = 3;

/// The words that a keyed hash comes to, as they are read out: `amber lantern river`.
#[must_use]
pub fn words(hash: [u8; 32]) -> String {
    let all: Vec<&str> = WORDS.lines().collect();
    let word = |byte: &u8| all.get(usize::from(*byte) % COUNT).copied().unwrap_or_default();
    hash.iter().take(SHOWN).map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_byte_has_a_word_of_its_own() {
        let all: BTreeSet<&str> = WORDS.lines().collect();
        assert_eq!((all.len(), WORDS.lines().count()), (COUNT, COUNT));
        let is_plain =
            |word: &&str| (3..=9).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase());
        assert!(all.iter().all(is_plain), "{all:?}");
        assert_eq!(words([0; 32]), "acorn acorn acorn");
        assert_eq!(words([255; 32]), "zebra zebra zebra");
    }
}
