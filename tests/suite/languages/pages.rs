//! Every page for everybody in every language: nothing on it is left in English.

use rekey::domain::policy::Policy;
use rekey::domain::sign_in::Purpose;
use rekey::features::sign_in::service::Begun;

use super::super::{accounts, tokens};
use super::*;

/// A page in some state, in a browser that is in that state too.
struct Shown {
    about: &'static str,
    path: String,
    browser: Browser,
}

fn shown(about: &'static str, path: impl Into<String>, browser: &Browser) -> Shown {
    Shown { about, path: path.into(), browser: browser.clone() }
}

async fn posted(browser: &Browser, path: &str, page: &str, fields: &[(&str, &str)]) -> Browser {
    let mut browser = browser.clone();
    browser.post(path, page, fields).await;
    browser
}

/// Before anybody is signed in: addresses, passwords, links.
async fn before_sign_in(world: &World) -> Vec<Shown> {
    let nobody = Browser::new(world).await;
    let admin = world.with_role(&world.a, Role::Admin).await;
    let (ua, new) = (world.member(&world.a).await, world.person(&world.a, Who::NEW).await);
    let factor = nobody.clone().with(CHALLENGE, &world.challenge(&ua, Step::Factor).await);
    let set_up = world.challenge(&new, Step::SetUp).await;
    let setting_up = nobody.clone().with(CHALLENGE, &set_up);
    let begin = "/api/sign_in/begin";
    let wrong = posted(&nobody, begin, "/sign-in", &[("address", "x@a.example"), ("password", "x")]).await;
    let code = "/api/sign_in/code";
    let malformed = posted(&factor, code, "/sign-in/code", &[("code", "1")]).await;
    let wrong_code = wrong_code(&ua.secret, world.now());
    let wrong_code = posted(&factor, code, "/sign-in/code", &[("code", &wrong_code)]).await;
    let backup = "/sign-in/code?with=backup_code";
    let wrong_backup = [("code", "0000000000000000"), ("backup", "true")];
    let wrong_backup = posted(&factor, code, backup, &wrong_backup).await;
    let not_set_up = posted(&setting_up, "/api/set_up/register", "/set-up", &[("code", "x")]).await;

    let lost = world.member(&world.a).await;
    world.reset(&admin, &[lost.user]).await;
    let invited = accounts::invited(world, &admin, "zoe@new.example").await;
    let token = accounts::token(world, invited.user).await;
    let invitation = format!("/invitation/{token}");
    let weak = [("token", token.as_str()), ("password", "x")];
    let weak = posted(&nobody, "/api/invitation/accept", &invitation, &weak).await;
    let strict = policy(|policy: &mut Policy| policy.set_up_at_sign_in = false);
    world.set_policy(&world.b, strict).await;
    let owner_b = world.with_role(&world.b, Role::Owner).await;
    let ub = world.member(&world.b).await;
    world.reset(&owner_b, &[ub.user]).await;
    let elsewhere = [("address", ub.address.as_str()), ("password", PASSWORD)];
    let elsewhere = posted(&nobody, begin, "/sign-in", &elsewhere).await;
    let help = world.begin_with(&ub.address, PASSWORD).await;
    let Begun::LinkRequired(told) = help else { panic!("the link is needed") };
    let help = [("help", told.fate.unwrap().help.unwrap())];
    let help = help.each_ref().map(|(name, value)| (*name, value.as_str()));
    let helped = posted(&nobody, "/api/recovery/ask_for_help", "/sign-in", &help).await;
    let over = posted(&elsewhere, "/api/recovery/ask_for_help", "/sign-in", &[("help", "x")]).await;
    let forgot = "/api/forgotten/ask";
    let malformed_address = posted(&nobody, forgot, "/forgot-password", &[("address", "x")]).await;
    let asked = posted(&nobody, forgot, "/forgot-password", &[("address", "x@a.example")]).await;
    let token = world.password_link(&world.member(&world.a).await).await.unwrap();
    let new_password = format!("/new-password/{token}");
    let weak_password = [("token", token.as_str()), ("password", "x")];
    let weak_password = posted(&nobody, "/api/forgotten/set", &new_password, &weak_password).await;
    let moving = world.member(&world.a).await;
    let confirm = format!("/address/{}", world.asked_for(&moving, "moved@new.example").await);
    let moved = world.member(&world.a).await;
    let token = world.asked_for(&moved, "mia@new.example").await;
    let at_link = format!("/address/{token}");
    let at_link_of = [("token", token.as_str())];
    let confirmed = posted(&nobody, "/api/addresses/confirm", &at_link, &at_link_of).await;
    let gone = posted(&nobody, "/api/addresses/confirm", &at_link, &at_link_of).await;
    let token = world.undo_token(&moved).await;
    let undo = format!("/address/undo/{token}");
    let taken = world.asked_for(&world.member(&world.a).await, &lost.address).await;
    let at_taken = format!("/address/{taken}");
    let taken = posted(&nobody, "/api/addresses/confirm", &at_taken, &[("token", &taken)]).await;
    let token = world.not_me_token(&lost, "reset").await.unwrap();
    let not_me = format!("/not-me/{token}");
    let said = posted(&nobody, "/api/not_me/say", &not_me, &[("token", &token)]).await;
    let frozen = [("address", lost.address.as_str()), ("password", PASSWORD)];
    let frozen = posted(&nobody, begin, "/sign-in", &frozen).await;
    // What is frozen has no link: another one is asked for its page.
    let lost = world.member(&world.a).await;
    world.reset(&admin, &[lost.user]).await;
    let link = format!("/recover/{}", world.link_token(lost.user).await.unwrap());
    let token = link.trim_start_matches("/recover/");
    let wrong_at_link = [("token", token), ("password", "x")];
    let wrong_at_link = posted(&nobody, "/api/recovery/prove", &link, &wrong_at_link).await;
    vec![
        shown("sign-in", "/sign-in", &nobody),
        shown("over", "/sign-in?over=1", &nobody),
        shown("wrong password", "/sign-in", &wrong),
        shown("the link is needed", "/sign-in", &elsewhere),
        shown("administrators asked", "/sign-in", &helped),
        shown("too late to ask them", "/sign-in", &over),
        shown("forgotten password", "/forgot-password", &nobody),
        shown("no address", "/forgot-password", &malformed_address),
        shown("a mail is on its way", "/forgot-password", &asked),
        shown("a new password", new_password.clone(), &nobody),
        shown("a weak one", new_password, &weak_password),
        shown("dead link to a new password", "/new-password/x.y", &nobody),
        shown("a new address", confirm, &nobody),
        shown("it is theirs", at_link.clone(), &confirmed),
        shown("it is not any more", at_link, &gone),
        shown("it is somebody's", at_taken, &taken),
        shown("undo", undo, &nobody),
        shown("dead link to an address", "/address/x.y", &nobody),
        shown("not me", not_me.clone(), &nobody),
        shown("said so", not_me, &said),
        shown("dead not me", "/not-me/x.y.z", &nobody),
        shown("frozen", "/sign-in", &frozen),
        shown("code", "/sign-in/code", &factor),
        shown("malformed code", "/sign-in/code", &malformed),
        shown("wrong code", "/sign-in/code", &wrong_code),
        shown("backup code", backup, &factor),
        shown("wrong backup code", backup, &wrong_backup),
        shown("set-up", "/set-up", &setting_up),
        shown("malformed code at the set-up", "/set-up", &not_set_up),
        shown("recovery link", link.clone(), &nobody),
        shown("wrong password at the link", link, &wrong_at_link),
        shown("dead link", "/recover/x.y", &nobody),
        shown("invitation", invitation.clone(), &nobody),
        shown("weak password", invitation, &weak),
        shown("dead invitation", "/invitation/x.y", &nobody),
        shown("welcome", "/invitation", &nobody),
        shown("nothing", "/nowhere/at/all", &nobody),
    ]
}

/// The codes of a set-up, in the browser that made them and in another one, and what comes before and after them.
async fn codes(world: &World) -> Vec<Shown> {
    let new = world.person(&world.a, Who::NEW).await;
    let token = world.challenge(&new, Step::SetUp).await;
    let mut browser = Browser::new(world).await.with(CHALLENGE, &token);
    let another = browser.clone();
    let code = world.shown_secret(&token).await.unwrap().code(world.now());
    browser.post("/api/set_up/register", "/set-up", &[("code", &code)]).await;
    let finish = "/api/set_up/finish";
    let wrong = posted(&browser, finish, "/set-up/codes", &[("code", "0000 0000 0000 0000")]).await;
    // After a reset.
    let admin = world.with_role(&world.a, Role::Admin).await;
    let [early, back] = [world.member(&world.a).await, world.member(&world.a).await];
    world.reset(&admin, &[early.user, back.user]).await;
    let nobody = Browser::new(world).await;
    let early = nobody.clone().with(CHALLENGE, &world.begin(&early).await.0);
    let token = world.begin(&back).await.0;
    let (_, saved) = world.register(&token).await.unwrap();
    world.save_codes(&token, &saved[0]).await;
    vec![
        shown("set-up before the link was followed", "/set-up", &early),
        shown("what is new", "/set-up/done", &nobody.with(CHALLENGE, &token)),
        shown("codes", "/set-up/codes", &browser),
        shown("wrong code typed back", "/set-up/codes", &wrong),
        shown("codes gone", "/set-up/codes", &another),
        shown("sheet", "/set-up/codes/print", &browser),
        shown("file", "/set-up/codes.txt", &browser),
    ]
}

/// The way back where a help desk reads out a code and compares three words.
async fn called_back(world: &World) -> Vec<Shown> {
    let nobody = Browser::new(world).await;
    let with_words = world.to_call_back().await;
    let words = nobody.clone().with(CHALLENGE, &world.prove(&with_words.link).await.unwrap());
    let confirmed = world.to_call_back().await;
    let link = format!("/recover/{}", confirmed.link);
    let wrong_code = [("token", confirmed.link.as_str()), ("code", "12345678")];
    let wrong_code = posted(&nobody, "/api/recovery/prove_caller", &link, &wrong_code).await;
    let malformed = [("token", confirmed.link.as_str()), ("code", "1")];
    let malformed = posted(&nobody, "/api/recovery/prove_caller", &link, &malformed).await;
    let token = world.prove(&confirmed.link).await.unwrap();
    let same = world.words(&token).await.unwrap().0;
    world.confirm_words(&confirmed, &same).await;
    let confirmed = nobody.clone().with(CHALLENGE, &token);
    let forgot = world.to_call_back().await;
    let digits = world.caller_code(&forgot).await;
    let token = world.proved(&forgot.link, &digits).await.unwrap();
    let new_password = nobody.clone().with(CHALLENGE, &token);
    let weak = posted(&new_password, "/api/set_up/choose_password", "/set-up/password", &[("password", "x")]).await;
    vec![
        shown("link that takes a code", link.clone(), &nobody),
        shown("wrong code at the link", link.clone(), &wrong_code),
        shown("malformed code at the link", link, &malformed),
        shown("three words", "/set-up", &words),
        shown("three words, not confirmed yet", "/set-up?tried=1", &words),
        shown("three words, confirmed", "/set-up", &confirmed),
        shown("password after a code", "/set-up/password", &new_password),
        shown("weak password after a code", "/set-up/password", &weak),
    ]
}

/// One's own security.
async fn own(world: &World) -> Vec<Shown> {
    let admin = world.with_role(&world.a, Role::Owner).await;
    let ua = world.member(&world.a).await;
    let mut pages = Vec::new();
    // A story of many kinds.
    world.sign_in(&ua).await;
    world.trusted(&ua, 30).await;
    let token = tokens::assigned(world, &world.a, &admin, &ua).await;
    world.session_token(&ua).await;
    let mut browser = Browser::signed_in(world, &ua).await;
    let make = "/security/codes/new";
    let ub = world.member(&world.a).await;
    let asked = Browser::signed_in(world, &ub).await;
    pages.push(shown("make codes", make, &asked));
    pages.push(shown("wrong", make, &posted(&asked, "/api/security/make_codes", make, &[("code", "1")]).await));
    let code = world.fresh_code(&ua);
    browser.post("/api/security/make_codes", make, &[("code", &code)]).await;
    pages.push(shown("new codes", "/security/codes", &browser));
    pages.push(shown("new codes on paper", "/security/codes/print", &browser));
    pages.push(shown("new codes as a file", "/security/codes.txt", &browser));
    pages.push(shown("codes gone", "/security/codes", &Browser::signed_in(world, &ua).await));
    let query = format!("SELECT id FROM methods WHERE user_id = '{}'", ua.user.id);
    let method = world.text(&query).await.unwrap();
    let adding = world.challenge_for(&ua, Purpose::AddMethod, Step::SetUp).await;
    let at_key = browser.clone().with(CHALLENGE, &adding);
    for (about, path) in [
        ("security", "/security".to_owned()),
        ("done", "/security?done=removed".to_owned()),
        ("add", "/security/add".to_owned()),
        ("add, over", "/security/add?over=1".to_owned()),
        ("add a passkey", "/security/add?kind=passkey".to_owned()),
        ("add a phone", "/security/add?kind=phone&with=backup".to_owned()),
        ("passkey", "/security/add/passkey".to_owned()),
        ("password", "/security/password".to_owned()),
        ("address", "/security/address".to_owned()),
        ("second address", "/security/second-address".to_owned()),
        ("no second address", "/security/second-address/remove".to_owned()),
        ("removed it", "/security?done=second_removed".to_owned()),
        ("asked for another", "/security?done=address_asked".to_owned()),
        ("name", format!("/security/methods/{method}/name")),
        ("remove", format!("/security/methods/{method}/remove")),
        ("gone", format!("/security/methods/{}/name", admin.user.id)),
        ("token", format!("/security/tokens/{token}")),
        ("no token", "/security/tokens/01mcc5rm003kab9w64hq9mjq2v".to_owned()),
    ] {
        pages.push(shown(about, path, &browser));
    }
    pages.push(shown("key", "/security/add/key", &at_key));
    let without = world.person(&world.a, Who { without_factor: true, ..Who::MEMBER }).await;
    let browser = Browser::signed_in(world, &without).await;
    for path in ["/security", "/security/add", "/security/codes/new"] {
        pages.push(shown("without a factor", path, &browser));
    }
    pages
}

/// What a person reads of a page, or hears: its text and the words in its attributes.
fn texts(page: &str) -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        texts.insert(rest[..at].trim().to_owned());
        rest = &rest[at..];
        let name = rest[1..].split([' ', '>']).next().unwrap();
        let end = match name {
            "script" | "style" | "svg" => {
                let close = format!("</{name}>");
                rest.find(&close).map_or(rest.len(), |at| at + close.len())
            }
            _ => rest.find('>').map_or(rest.len(), |at| at + 1),
        };
        rest = &rest[end..];
    }
    texts.insert(rest.trim().to_owned());
    for element in elements(page) {
        for (name, value) in element.attributes {
            if ["aria-label", "title", "placeholder", "alt"].contains(&name.as_str()) {
                texts.insert(value);
            }
        }
    }
    texts.into_iter().filter(|text| has_a_word(text)).collect()
}

/// Three small letters in a row make a word.
fn has_a_word(text: &str) -> bool {
    text.split(|c: char| !c.is_lowercase()).any(|letters| letters.chars().count() >= 3)
}

/// What is the same in every language: names, addresses, and the names of the languages.
fn is_a_name(text: &str) -> bool {
    let text = text.trim_matches(['\u{2068}', '\u{2069}', '·', ' ', ',', '.']);
    text.contains('@')
        || text.starts_with("Person ")
        || text.starts_with("Zo")
        || ["Rekey", "Test", "192.0.2.1, Test", "Deutsch", "English", "Español", "Français", "Nederlands"]
            .contains(&text)
        || are_compared(text)
}

/// Whether these are words by which a help desk knows a set-up: both sides see the same ones.
fn are_compared(text: &str) -> bool {
    let known: BTreeSet<&str> = include_str!("../../../src/domain/call_back.txt").lines().collect();
    text.split(' ').count() == rekey::domain::call_back::SHOWN && text.split(' ').all(|word| known.contains(word))
}

both! {
    async fn nothing_is_left_in_english(world: World) {
        let mut pages = before_sign_in(&world).await;
        pages.extend(codes(&world).await);
        pages.extend(own(&world).await);
        assert_translated(pages).await;
        // Under another policy of the same customer.
        assert_translated(called_back(&world).await).await;
    }
}

async fn assert_translated(pages: Vec<Shown>) {
    let english = catalogue("en");
    let mut left = Vec::new();
    for language in OTHERS {
        let theirs = catalogue(language);
        let shared: BTreeSet<String> = theirs
            .iter()
            .filter(|(key, message)| english.get(*key) == Some(message))
            .flat_map(|(_, message)| parts(message))
            .collect();
        for Shown { about, path, browser } in &pages {
            let in_english = browser.clone().with(LANGUAGE, "en").get(path).await;
            let answer = browser.clone().with(LANGUAGE, language).get(path).await;
            assert_eq!(answer.status, in_english.status, "{about} in {language}");
            assert!(!answer.is_redirect(), "{about} in {language} leads to {}", answer.location());
            assert_eq!(answer.header("content-language"), language, "{about}");
            assert_eq!(answer.header("vary"), "accept-language, cookie", "{about}");
            if answer.header("content-type").starts_with("text/html") {
                assert!(html(&answer.body).contains(&format!("lang=\"{language}\"")), "{about} in {language}");
            }
            let (here, there) = (texts(&answer.body), texts(&in_english.body));
            let lines = |texts: BTreeSet<String>| -> BTreeSet<String> {
                texts.iter().flat_map(|text| text.lines()).map(|line| line.trim().to_owned()).collect()
            };
            let there = lines(there);
            for text in lines(here) {
                if has_a_word(&text) && there.contains(&text) && !shared.contains(&text) && !is_a_name(&text) {
                    left.push(format!("{language}, {about} ({path}): {text}"));
                }
            }
            let english_parts = english.iter().filter(|(key, message)| theirs.get(*key) != Some(message));
            for part in english_parts.flat_map(|(_, message)| parts(message)) {
                if part.split(' ').count() > 3 && answer.body.contains(&part) {
                    left.push(format!("{language}, {about} ({path}): {part}"));
                }
            }
        }
    }
    assert!(left.is_empty(), "\n{}\n", left.join("\n"));
}

#[test]
fn words_are_told_from_names_and_codes() {
    let page = "<p>Sign in</p><script>let word;</script><b title=\"Seen then\">7KQF 21</b><i>zoe@a.example</i>";
    let found: Vec<String> = texts(page).into_iter().filter(|text| !is_a_name(text)).collect();
    assert_eq!(found, ["Seen then", "Sign in"]);
}
