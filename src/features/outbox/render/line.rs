//! A sentence of a mail, with what people wrote in it set apart.

use askama::filters::{Escaper as _, Html};

use crate::domain::user::clean_name;

const ISOLATE: char = '\u{2068}';
const END: char = '\u{2069}';

/// Text from people, set apart so that its writing direction turns nothing around it. [`clean_name`] leaves neither mark in
/// it, so it cannot break out.
pub(super) fn isolated(text: &str) -> String {
    format!("{ISOLATE}{}{END}", one_line(text))
}

/// Longer text from people, on one line.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().map(clean_name).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A sentence, with what people wrote in it set apart.
pub(super) struct Line(pub(super) String);

impl Line {
    /// For the text part: the marks stay only where some letter runs from right to left; elsewhere a plain reader would
    /// show them as boxes for nothing.
    pub(super) fn text(&self) -> String {
        if self.0.chars().any(runs_right_to_left) { self.0.clone() } else { self.0.replace([ISOLATE, END], "") }
    }

    /// For the HTML part, escaped: a `<bdi>` for each pair of marks.
    pub(super) fn html(&self) -> String {
        let mut escaped = String::with_capacity(self.0.len() + 32);
        Html.write_escaped_str(&mut escaped, &self.0).expect("writing to a string does not fail");
        escaped.replace(ISOLATE, "<bdi>").replace(END, "</bdi>")
    }
}

/// Letters of Hebrew, Arabic and their neighbours.
const fn runs_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}
