use leptos::prelude::*;

/// A person: round, grey, for eyes only (the name stands beside it).
#[component]
pub fn Avatar(#[prop(into)] name: String, #[prop(optional)] big: bool) -> AnyView {
    view! { <span class="avatar" class:big=big aria-hidden="true">{initials(&name)}</span> }.into_any()
}

/// A customer: square, grey, for eyes only.
#[component]
pub fn Square(#[prop(into)] name: String, #[prop(optional)] big: bool) -> AnyView {
    view! { <span class="square" class:big=big aria-hidden="true">{initials(&name)}</span> }.into_any()
}

/// The first letters of the first two words that carry a name. A hyphen parts words; particles in lower case (von, de, 't)
/// count only where nothing else does.
pub fn initials(name: &str) -> String {
    let words = || {
        name.split(|c: char| c.is_whitespace() || matches!(c, '-' | '\u{2010}' | '\u{2011}' | '\u{5be}'))
            .filter_map(initial)
    };
    let mut letters: Vec<String> = words().filter(|w| !w.starts_with(char::is_lowercase)).take(2).collect();
    if letters.is_empty() {
        letters = words().map(|w| w.to_uppercase()).take(2).collect();
    }
    if letters.is_empty() { "?".into() } else { letters.concat() }
}

/// The first letter of a word with the accents that follow it. Thai writes some vowels before the consonant they belong to:
/// the consonant is the letter.
fn initial(word: &str) -> Option<String> {
    let mut rest = word.chars().skip_while(|&c| !c.is_alphanumeric() || matches!(c, '\u{e40}'..='\u{e44}'));
    let first = rest.next()?;
    Some(std::iter::once(first).chain(rest.take_while(|c| matches!(c, '\u{300}'..='\u{36f}'))).collect())
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn two_words_give_two_letters() {
        for (name, expected) in [
            ("Ines Marchetti", "IM"),
            ("Zoë Brückner-Øvergård", "ZB"),
            ("Friedrich-Wilhelm Freiherr von Hohenstein", "FW"),
            ("Nguyễn Thị Thanh Hương", "NT"),
            ("Đặng Ánh", "ĐÁ"),
            ("Siobhán O’Donoghue", "SO"),
            ("Gerard 't Hooft", "GH"),
            ("Leonardo da Vinci", "LV"),
            ("فاطمة الزهراء عبد الرحمن", "فا"),
            ("יעל בן־דוד", "יב"),
            ("อรพรรณ ศรีสุวรรณ", "อศ"),
            ("เอกชัย ไทยดี", "อท"),
            ("अनुष्का देशपांडे", "अद"),
            ("Ångström & Kjærsgaard", "ÅK"),
            ("3M Deutschland", "3D"),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }

    #[test]
    fn odd_names_give_something() {
        for (name, expected) in [
            ("Cher", "C"),
            ("山田太郎", "山"),
            ("bell hooks", "BH"),
            ("ßarah", "SS"),
            ("E\u{301}lodie Petit", "E\u{301}P"),
            ("\u{200f}سارة", "س"),
            ("", "?"),
            (" \t ", "?"),
            ("'-'", "?"),
        ] {
            assert_eq!(initials(name), expected, "{name:?}");
        }
    }
}
