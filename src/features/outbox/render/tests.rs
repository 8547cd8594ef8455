mod samples;

use super::*;
use crate::domain::approval::Decision;
use crate::words::{languages, tag};

use samples::*;

/// What a person reads of an HTML part.
fn words(html: &str) -> String {
    let body = html.split_once("<body").unwrap().1;
    let mut text = String::new();
    let mut is_tag = true;
    for c in body.chars() {
        match c {
            '<' => is_tag = true,
            '>' => is_tag = false,
            c if !is_tag => text.push(c),
            _ => {}
        }
    }
    let text = text.replace("&#38;", "&").replace("&#60;", "<").replace("&#62;", ">").replace("&#39;", "'");
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn both_parts_say_the_same_in_the_same_order() {
    for (locale, mail) in everywhere() {
        let html = words(&mail.html);
        let mut rest = html.as_str();
        // Where it is said that it was not them is behind its words in the HTML part.
        let is_read = |line: &&str| !line.is_empty() && !["-- ", NOT_ME].contains(line);
        assert_eq!(mail.text.contains(NOT_ME), mail.html.contains(&format!("href=\"{NOT_ME}\"")));
        for line in mail.text.lines().filter(is_read) {
            // "Reason: Lost phone" is a bold "Reason" and the rest.
            let unmarked = |line: String, label: &str| line.replace(&format!("{label}: "), &format!("{label} "));
            let line = unmarked(line.to_owned(), td_string!(locale, mail.reason));
            let line = unmarked(line, td_string!(locale, mail.ticket));
            let at = rest.find(&line).unwrap_or_else(|| panic!("{line:?} is not next in {rest:?}"));
            let between = rest[..at].trim();
            assert!(
                between.is_empty() || between.starts_with(td_string!(locale, mail.bare)),
                "{between:?} is HTML only"
            );
            rest = &rest[at + line.len()..];
        }
        assert_eq!(rest.trim(), "", "all of the HTML part is in the text part");
    }
}

/// Every mail in every language.
fn everywhere() -> impl Iterator<Item = (Locale, Rendered)> {
    languages().into_iter().flat_map(|(locale, _)| in_language(locale).into_iter().map(move |mail| (locale, mail)))
}

#[test]
fn every_mail_is_whole_in_every_language() {
    let english = in_language(Locale::en);
    for (locale, _) in languages().into_iter().filter(|(locale, _)| *locale != Locale::en) {
        for (mail, original) in in_language(locale).iter().zip(&english) {
            assert!(mail.html.contains(&format!("<html lang=\"{}\"", tag(locale))), "{}", mail.subject);
            assert_ne!(mail.subject, original.subject);
            assert_eq!(mail.text.lines().count(), original.text.lines().count(), "{}", mail.text);
            let lines: Vec<&str> = original.text.lines().collect();
            let is_shared = |line: &&str| {
                ["Hafenwerk", "-- "].contains(line) || line.starts_with("http") || line.starts_with("Ticket: ")
            };
            for line in mail.text.lines().filter(|line| !line.is_empty() && !is_shared(line)) {
                assert!(!lines.contains(&line), "{}: {line}", tag(locale));
            }
            assert!(mail.text.contains("2026"), "it says when: {}", mail.text);
        }
    }
}

#[test]
fn the_text_part_reads_well() {
    let mail = rendered(&reset("Ines Marchetti", Some("Lost  phone\r\n.\r\n"), Some("NL-20418")), &TO, Some(link()));
    let paragraphs: Vec<&str> = mail.text.split("\n\n").map(str::trim_end).collect();
    assert_eq!(mail.subject, "Set up your sign-in again");
    assert_eq!(paragraphs[..3], ["Hafenwerk", "Set up your sign-in again", "Hello Zoë,"]);
    assert!(paragraphs[3].starts_with("On 21 November 2026, 14:05 UTC, Ines Marchetti reset your second factor. "));
    let way = format!("Get back in\nThe link works once, until 21 November 2026, 14:05 UTC.\n{TOKEN}");
    assert_eq!(paragraphs[5..7], [way.as_str(), "Reason: Lost phone .\nTicket: NL-20418"]);
    assert!(paragraphs[7].contains("Reach your help desk: +49 40 5550 199."));
    assert_eq!(paragraphs[8], format!("This was not me\n{NOT_ME}"));
    assert_eq!(paragraphs[9], "-- \nSent by Rekey for Hafenwerk");
    assert_eq!(paragraphs.len(), 10);
}

#[test]
fn what_people_wrote_is_text_in_html() {
    let evil = "</title></bdi><script>alert(1)</script><img src=x onerror=alert(1)>\"'&";
    let to = Recipient {
        name: evil,
        customer: evil,
        help_desk: Some(evil),
        locale: Locale::en,
        zone: &Zone::UTC,
        not_me: None,
    };
    let mail = rendered(&reset(evil, Some(evil), Some(evil)), &to, Some(link()));
    let plain = rendered(
        &reset("a", Some("a"), Some("a")),
        &Recipient {
            name: "a",
            customer: "a",
            help_desk: Some("a"),
            locale: Locale::en,
            zone: &Zone::UTC,
            not_me: None,
        },
        Some(link()),
    );
    let tags = |html: &str| html.matches('<').count();
    assert_eq!(tags(&mail.html), tags(&plain.html));
    assert_eq!(mail.html.matches("<script").count(), 0);
    assert_eq!(mail.html.matches("&#60;script&#62;").count(), 7);
    assert!(!mail.html.contains("src=x onerror=alert(1)>"));
}

#[test]
fn a_name_turns_no_writing_direction_around_it() {
    let to = Recipient {
        name: "\u{202e}Zoë\u{2066}",
        customer: "شركة الميناء",
        help_desk: None,
        locale: Locale::en,
        zone: &Zone::UTC,
        not_me: None,
    };
    let mail = rendered(&reset("مریم\u{2069}\u{202e}", None, None), &to, Some(link()));
    assert!(mail.text.contains("Hello Zoë,"), "left to right needs no marks");
    assert!(mail.text.contains("\u{2068}مریم\u{2069} reset"));
    assert!(mail.html.contains("<bdi>مریم</bdi> reset"));
    assert_eq!(mail.html.matches("<bdi>").count(), mail.html.matches("</bdi>").count());
    assert!(!mail.html.contains(['\u{202e}', '\u{2066}', '\u{2068}', '\u{2069}']));
    assert!(!mail.text.contains(['\u{202e}', '\u{2066}']));
    assert_eq!(mail.text.matches('\u{2068}').count(), mail.text.matches('\u{2069}').count());
}

#[test]
fn names_that_are_none_leave_no_hole() {
    let to = Recipient {
        name: "\r\n\0",
        customer: "Hafenwerk",
        help_desk: Some("  "),
        locale: Locale::en,
        zone: &Zone::UTC,
        not_me: None,
    };
    let mail = rendered(&reset("Ines", Some("\u{7}"), Some("")), &to, Some(link()));
    assert!(mail.text.contains("\nHello,\n"));
    assert!(mail.text.contains("Tell whoever looks after your account."));
    assert!(!mail.text.contains("Reason") && !mail.text.contains("Ticket"));
}

#[test]
fn codes_left_are_counted_in_words_that_fit() {
    let says = |left| rendered(&Mail::BackupCodeUsed { at: AT, left }, &TO, None).text;
    assert!(says(0).contains("You have no backup codes left."));
    assert!(says(1).contains("You have 1 backup code left."));
    assert!(says(9).contains("You have 9 backup codes left."));
}

#[test]
fn a_role_says_where_what_and_until_when() {
    // It ends with the first moment of the 22nd: its last day is the 21st.
    let midnight =
        Time::try_from(crate::domain::time::Civil { hour: 0, minute: 0, second: 0, day: 22, ..AT.utc() }).unwrap();
    let text = rendered(&role_given(Some(midnight)), &TO, None).text;
    assert!(
        text.contains("21 November 2026, 14:05 UTC, Ines (Nordlicht) gave you the role of admin in Hafenwerk."),
        "{text}"
    );
    assert!(text.contains("It ends by itself after 21 November 2026 (UTC)."), "{text}");
    assert!(!rendered(&role_given(None), &TO, None).text.contains("ends by itself"));
}

#[test]
fn a_trusted_device_is_called_what_people_call_it() {
    let says = |browser: Option<&str>| {
        let browser = browser.map(str::to_owned);
        rendered(&Mail::DeviceTrusted { at: AT, until: AT, browser }, &TO, None).text
    };
    let named = says(Some("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"));
    assert!(named.contains("chose to trust the device that they used: Firefox on Linux."), "{named}");
    assert!(named.contains("Until 21 November 2026, 14:05 UTC at the latest your password alone"), "{named}");
    assert!(says(None).contains("the device that they used."));
}

#[test]
fn a_removal_says_who_removed_what_and_what_is_left() {
    let says = |mail: &Mail| rendered(mail, &TO, None).text;
    let own = says(&removed(Some("Old phone"), None, false));
    assert!(own.contains("the authenticator app “Old phone” was removed from your account."), "{own}");
    assert!(own.contains("signed out everywhere else") && !own.contains("Reason"), "{own}");
    let last = says(&removed(None, Some("Ines"), true));
    assert!(last.contains("Ines removed an authenticator app from your account."), "{last}");
    assert!(last.contains("Sign in with your password as always") && last.contains("Reason: Stolen"), "{last}");
    assert!(says(&removed(Some("\r\n"), None, true)).contains(", an authenticator app was removed"));
}

#[test]
fn an_approval_is_asked_for_and_decided_in_words() {
    let says = |mail: &Mail| rendered(mail, &TO, Some(page())).text;
    let one = says(&approval(1, &["Hafenwerk"], 0));
    assert!(one.contains("Ines (Nordlicht) asked for a reset of 1 person of Hafenwerk."), "{one}");
    assert!(
        one.contains("It can be approved until 21 November 2026, 14:05 UTC.\nhttps://rekey.example/resets/"),
        "{one}"
    );
    assert!(one.contains("Reason: Lost phones\nTicket: NL-20418"), "{one}");
    let many = says(&approval(12, &["Hafenwerk", "Nordlicht"], 3));
    assert!(many.contains("a reset of 12 people of Hafenwerk, Nordlicht and 3 more."), "{many}");
    let approved = says(&decided(Decision::Approved, None));
    assert!(approved.contains("Ole approved the reset of 12 people that you asked for."), "{approved}");
    assert!(!approved.contains("Reason"), "{approved}");
    for (decision, word) in [(Decision::Declined, "declined"), (Decision::ChangesAsked, "asked you to change")] {
        let said = says(&decided(decision, Some("Too many")));
        assert!(said.contains(&format!("Ole {word}")) && said.contains("Reason: Too many"), "{said}");
    }
    let late = says(&decided(Decision::Expired, None));
    assert!(late.contains("nobody had decided about the reset of 12 people that you asked for."), "{late}");
    for (decision, words) in [
        (Decision::Approved, "Ole approved the reset of 12 people"),
        (Decision::Declined, "Ole declined the reset of 12 people"),
        (Decision::ChangesAsked, "Ole asked for changes to the reset of 12 people"),
        (Decision::Withdrawn, "Ole took back the reset of 12 people"),
        (Decision::Expired, "nobody had decided about the reset of 12 people for which Ole asked you."),
    ] {
        let said = says(&over(decision));
        assert!(said.contains(words) && said.contains("There is nothing left for you to do."), "{said}");
    }
}

#[test]
fn html_stays_small_and_loads_nothing() {
    for (_, mail) in everywhere() {
        assert!(mail.html.len() < 8_000, "clients cut long mails");
        for word in ["<img", "url(", "@import", "<link", "<script", "http-equiv"] {
            assert!(!mail.html.contains(word), "{word}");
        }
    }
}

/// Letters outside of a phone's own alphabet (GSM 03.38) would make three messages of one.
#[test]
fn a_message_to_a_phone_stays_in_the_alphabet_of_phones() {
    let own = |c: char| {
        c.is_ascii_graphic() && !"`[]{}^~|\\\\".contains(c) || " \n\u{e0}äöüÄÖÜßñÑèéùìòÇØøÅåÉæÆ¿¡".contains(c)
    };
    for (locale, _) in languages() {
        let message = message_to_phone(locale, "123456", "rekey.example.com");
        assert!(message.chars().all(own), "{message}");
        assert!(message.chars().count() <= 160 && message.ends_with("\n\n@rekey.example.com #123456"), "{message}");
    }
}
