//! Every page for everybody, and every mail, in each language; and whose language it is.

mod pages;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use rekey::domain::authority::Role;
use rekey::domain::sign_in::Step;

use super::browser::*;
use super::harness::*;
use super::outbox::{deliver, transport};
use super::smtp_sink::Sink;

pub const OTHERS: [&str; 4] = ["de", "es", "fr", "nl"];

/// Every message of a language, by its key.
pub fn catalogue(language: &str) -> BTreeMap<String, String> {
    fn read(at: &str, value: &serde_json::Value, found: &mut BTreeMap<String, String>) {
        match value {
            serde_json::Value::Object(inside) => {
                for (name, value) in inside {
                    read(&format!("{at}.{name}"), value, found);
                }
            }
            message => {
                found.insert(at.to_owned(), message.as_str().expect("a message is text").to_owned());
            }
        }
    }
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("locales").join(language)).unwrap() {
        let path = entry.unwrap().path();
        let value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        read(path.file_stem().unwrap().to_str().unwrap(), &value, &mut found);
    }
    found
}

/// What stands in a message between its arguments.
pub fn parts(message: &str) -> Vec<String> {
    message.split("{{").map(|part| part.split_once("}}").map_or(part, |(_, after)| after).trim().to_owned()).collect()
}

async fn language_of(world: &World, person: &Person) -> Option<String> {
    world.text(&format!("SELECT language FROM users WHERE id = '{}'", person.user.id)).await
}

fn html(page: &str) -> &str {
    &page[page.find("<html").expect("a page")..][..page[page.find("<html").unwrap()..].find('>').unwrap()]
}

async fn choose(browser: &mut Browser, page: &str, language: &str) -> Answer {
    browser.post("/api/session/choose_language", page, &[("language", language)]).await
}

both! {
    async fn a_page_speaks_what_the_browser_asks_for(world: World) {
        let mut browser = Browser::new(&world).await;
        for (accepts, language, title) in [
            ("de-AT,de;q=0.9,en;q=0.8", "de", "Anmelden"),
            ("en;q=0.2,fr;q=0.9", "fr", "Connexion"),
            ("pt-BR", "en", "Sign in"),
            ("", "en", "Sign in"),
        ] {
            browser.accepts = accepts;
            let answer = browser.get("/sign-in").await;
            assert_eq!(answer.header("content-language"), language, "{accepts}");
            assert_eq!(answer.header("vary"), "accept-language, cookie");
            assert!(answer.body.contains(&format!("<h1>{title}</h1>")), "{accepts}");
            let html = html(&answer.body);
            for attribute in [format!("lang=\"{language}\""), "dir=\"ltr\"".to_owned(), format!("data-reader=\"{language}\"")] {
                assert!(html.contains(&attribute), "{attribute} in {html}");
            }
        }
        assert!(browser.cookies.is_empty(), "looking keeps nothing");
    }

    async fn a_choice_before_sign_in_becomes_the_users(world: World) {
        let ua = world.member(&world.a).await;
        let mut browser = Browser::new(&world).await;
        browser.accepts = "fr";
        let page = browser.get("/sign-in?next=%2Fsecurity").await.body;
        assert!(page.contains("action=\"/api/session/choose_language\"") && page.contains(">Nederlands</button>"));
        let answer = choose(&mut browser, "/sign-in?next=%2Fsecurity", "nl").await;
        assert_eq!(answer.location(), "/sign-in?next=%2Fsecurity");
        assert_eq!(browser.cookies[LANGUAGE], "nl.chosen");
        assert!(browser.get("/sign-in").await.body.contains("<h1>Inloggen</h1>"));
        browser.post("/api/sign_in/begin", "/sign-in", &[("address", &ua.address), ("password", PASSWORD)]).await;
        assert_eq!(language_of(&world, &ua).await, None, "a password alone decides nothing");
        assert!(browser.get("/sign-in/code").await.body.contains("Voer uw code in"));
        let code = world.fresh_code(&ua);
        browser.post("/api/sign_in/code", "/sign-in/code", &[("code", &code)]).await;
        assert_eq!(language_of(&world, &ua).await.as_deref(), Some("nl"));
        assert_eq!(browser.cookies[LANGUAGE], "nl", "the next one to sign in here has a language of their own");
        assert!(browser.get("/security").await.body.contains("Mijn beveiliging"));
    }

    async fn whoever_chose_nothing_gets_the_browsers_and_keeps_it(world: World) {
        let ua = world.member(&world.a).await;
        let sign_in = async |accepts: &'static str| {
            let mut browser = Browser::new(&world).await;
            browser.accepts = accepts;
            browser.post("/api/sign_in/begin", "/sign-in", &[("address", &ua.address), ("password", PASSWORD)]).await;
            let code = world.fresh_code(&ua);
            browser.post("/api/sign_in/code", "/sign-in/code", &[("code", &code)]).await;
            browser
        };
        sign_in("pt").await;
        assert_eq!(language_of(&world, &ua).await, None, "none of ours: nothing to keep");
        sign_in("es-MX,es").await;
        assert_eq!(language_of(&world, &ua).await.as_deref(), Some("es"));
        let mut elsewhere = sign_in("fr").await;
        assert_eq!(language_of(&world, &ua).await.as_deref(), Some("es"));
        assert!(elsewhere.get("/security").await.body.contains("Mi seguridad"), "it goes with its user");
        // Chosen while signed in: theirs at once, everywhere they sign in.
        let answer = choose(&mut elsewhere, "/security", "de").await;
        assert_eq!(answer.location(), "/security");
        assert_eq!(language_of(&world, &ua).await.as_deref(), Some("de"));
        assert!(elsewhere.get("/security").await.body.contains("Meine Sicherheit"));
        // The console speaks English, and says so.
        let console = elsewhere.get("/methods").await;
        assert_eq!(console.header("content-language"), "en");
        assert!(html(&console.body).contains("lang=\"en\"") && html(&console.body).contains("data-reader=\"de\""));
        assert!(console.body.contains("Authentication methods") && !console.body.contains("Anmeldemethoden"));
    }

    async fn what_is_no_language_changes_nothing(world: World) {
        let ua = world.member(&world.a).await;
        let mut browser = Browser::signed_in(&world, &ua).await;
        for made_up in ["tlh", "", "DE", "de; Path=/x", "../de", "de\r\nSet-Cookie: a=b"] {
            let answer = choose(&mut browser, "/security", made_up).await;
            assert_eq!(answer.location(), "/security", "{made_up:?}");
            assert!(!browser.cookies.contains_key(LANGUAGE), "{made_up:?}");
        }
        assert_eq!(language_of(&world, &ua).await, None);
        // And it leads nowhere else.
        let answer = choose(&mut browser, "//evil.example/", "de").await;
        assert!(answer.location().starts_with('/') && !answer.location().starts_with("//"), "{}", answer.location());
    }

    async fn a_mail_speaks_its_readers_language(world: World) {
        let admin = world.with_role(&world.a, Role::Admin).await;
        let people = world.people(&world.a, Who::MEMBER, 5).await;
        for (person, language) in people.iter().zip(["de", "fr", "nl", "es", "tlh"]) {
            world.execute(&format!("UPDATE users SET language = '{language}' WHERE id = '{}'", person.user.id)).await;
        }
        world.reset(&admin, &users_of(&people)).await;
        let sink = Sink::open();
        deliver(&world, &transport(&sink)).await;
        let arrived = sink.arrived();
        for (person, says) in people.iter().zip([
            "hat Person 0 Ihren zweiten Faktor",
            "a réinitialisé votre second facteur",
            "uw tweede factor gereset",
            "restableció su segundo factor",
            "reset your second factor",
        ]) {
            let mail = arrived.iter().find(|mail| mail.to == person.address).unwrap();
            assert!(mail.text.contains(says), "{says} in {}", mail.text);
        }
    }
}

#[test]
fn all_languages_have_the_same_messages_with_the_same_arguments() {
    let english = catalogue("en");
    let arguments = |message: &str| -> BTreeSet<String> {
        message.split("{{").skip(1).map(|rest| rest.split_once("}}").unwrap().0.trim().to_owned()).collect()
    };
    for language in OTHERS {
        let theirs = catalogue(language);
        for (key, message) in &theirs {
            let of = english.get(key).unwrap_or_else(|| panic!("{language}: {key} is no message"));
            assert_eq!(arguments(message), arguments(of), "{language}: {key}");
            assert!(!message.trim().is_empty(), "{language}: {key}");
        }
    }
}

/// Messages that two languages may share: single words, and what consists of arguments only.
#[test]
fn no_two_languages_share_a_sentence() {
    let all: Vec<_> = ["en"].into_iter().chain(OTHERS).map(|language| (language, catalogue(language))).collect();
    let mut shared = Vec::new();
    for (n, (one, messages)) in all.iter().enumerate() {
        for (other, theirs) in &all[n + 1..] {
            for (key, message) in messages {
                let words = parts(message).join(" ");
                let is_sentence =
                    words.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).count() > 1;
                if is_sentence && theirs.get(key) == Some(message) {
                    shared.push(format!("{one} and {other}: {key}: {message}"));
                }
            }
        }
    }
    assert!(shared.is_empty(), "\n{}\n", shared.join("\n"));
}
