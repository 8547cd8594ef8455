//! Three words: where they are asked for, no set-up is complete before the help desk has seen the same ones.

use axum::http::StatusCode;
use rekey::domain::authority::Refusal;
use rekey::domain::sign_in::CodeProblem;
use rekey::features::recovery::call_back::Words;
use rekey::features::security::call_back_service::{Against, Confirmed, confirm, waiting};
use rekey::features::set_up::service::show;

use super::super::recovery::assert_one_authenticator;
use super::*;

/// The default policy with caller codes and the check.
fn with_words() -> Policy {
    Policy { call_back_check: true, ..with_codes() }
}

impl World {
    /// Somebody reset where the check is asked for.
    pub async fn to_call_back(&self) -> Called {
        let called = self.called().await;
        self.set_policy(&self.a, with_words()).await;
        called
    }

    /// The words that a set-up shows, and whether they are confirmed.
    pub async fn words(&self, token: &str) -> Option<(String, bool)> {
        let shown = show(&self.platform, token).await.unwrap()?;
        shown.call_back.map(|words| (words.words, words.confirmed_at.is_some()))
    }

    async fn help_desk_sees(&self, called: &Called) -> Vec<Words> {
        let actor = self.actor(&called.admin).await;
        let mut conn = self.platform.db.read().await.unwrap();
        waiting(&mut conn, &self.platform, &actor, called.user.user.id).await.unwrap().unwrap().1
    }

    async fn try_confirm_words(&self, by: &Person, called: &Called, words: &str) -> Confirmed {
        let seen = self.help_desk_sees(called).await;
        let set_up = seen.iter().find(|seen| seen.words == words).map(|seen| seen.set_up);
        let (session, code) = (self.session(by).await, self.fresh_code(by));
        confirm(&self.platform, &self.origin, &session, called.user.user.id, set_up, &code).await.unwrap()
    }

    /// A help desk confirms the set-up of this user that is the only one.
    pub async fn confirm_only_words(&self, admin: &Person, user: &Person) {
        let actor = self.actor(admin).await;
        let mut conn = self.platform.db.read().await.unwrap();
        let seen = waiting(&mut conn, &self.platform, &actor, user.user.id).await.unwrap().unwrap().1;
        drop(conn);
        let [only] = seen.as_slice() else { panic!("{} set-ups", seen.len()) };
        let (session, code) = (self.session(admin).await, self.fresh_code(admin));
        let id = user.user.id;
        let confirmed = confirm(&self.platform, &self.origin, &session, id, Some(only.set_up), &code).await.unwrap();
        assert!(matches!(confirmed, Confirmed::Done(_)), "not confirmed");
    }

    pub async fn confirm_words(&self, called: &Called, words: &str) {
        let confirmed = self.try_confirm_words(&called.admin, called, words).await;
        assert!(matches!(confirmed, Confirmed::Done(_)), "not confirmed");
    }
}

both! {
    async fn both_sides_see_the_same_words_and_nothing_is_complete_before(world: World) {
        let called = world.to_call_back().await;
        assert!(world.help_desk_sees(&called).await.is_empty());
        let token = world.prove(&called.link).await.unwrap();
        let (words, confirmed) = world.words(&token).await.unwrap();
        assert_eq!((words.split(' ').count(), confirmed), (3, false));
        assert_eq!(world.words(&token).await.unwrap().0, words, "the same each time");
        let seen = world.help_desk_sees(&called).await;
        assert_eq!(seen.iter().map(|seen| seen.words.as_str()).collect::<Vec<_>>(), [words.as_str()]);
        // There is nothing to add to an app, and no code is taken.
        assert!(world.shown_secret(&token).await.is_none());
        let before = Dump::of(&world).await;
        let registered = register(&world.platform, &world.origin, &token, "123456").await.unwrap();
        assert!(matches!(registered, Registered::Unconfirmed));
        assert_eq!(before.but_the_record(), Dump::of(&world).await.but_the_record());

        world.confirm_words(&called, &words).await;
        assert_eq!(world.words(&token).await, Some((words, true)));
        let by = format!("SELECT call_back_by_id FROM links WHERE user_id = '{}'", called.user.user.id);
        assert_eq!(world.text(&by).await, Some(called.admin.user.id.to_string()), "recorded with the reset's link");
        assert_eq!(world.recorded(world.a.id).await.last().map(String::as_str), Some("call_back_confirmed"));
        let made = world.register(&token).await.unwrap();
        assert_one_authenticator(&world, &called.user, made).await;
        world.assert_chains_whole().await;
    }

    async fn a_confirmation_is_for_one_set_up(world: World) {
        // Somebody else holds the link and the password too, in another browser.
        let called = world.to_call_back().await;
        let (mine, theirs) = (world.prove(&called.link).await.unwrap(), world.prove(&called.link).await.unwrap());
        let (my_words, their_words) = (world.words(&mine).await.unwrap().0, world.words(&theirs).await.unwrap().0);
        assert_ne!(my_words, their_words);
        assert_eq!(world.help_desk_sees(&called).await.len(), 2);
        world.confirm_words(&called, &my_words).await;
        assert!(world.register(&theirs).await.is_none() && world.words(&theirs).await.unwrap() == (their_words.clone(), false));
        // The one confirmed last counts: a mistake can be put right.
        world.confirm_words(&called, &their_words).await;
        assert!(world.register(&mine).await.is_none());
        world.confirm_words(&called, &my_words).await;
        assert!(world.register(&mine).await.is_some());
        assert!(world.words(&theirs).await.is_none());
    }

    async fn with_a_caller_code_the_words_come_after_the_password(world: World) {
        let called = world.to_call_back().await;
        let token = world.proved(&called.link, &world.caller_code(&called).await).await.unwrap();
        assert!(world.words(&token).await.is_none() && world.help_desk_sees(&called).await.is_empty());
        assert!(matches!(world.choose(&token, NEW).await, Chosen::GoOn));
        let words = world.words(&token).await.unwrap().0;
        world.confirm_words(&called, &words).await;
        assert!(world.register(&token).await.is_some());
    }

    async fn a_link_sent_again_takes_the_confirmation_with_it(world: World) {
        let called = world.to_call_back().await;
        let token = world.prove(&called.link).await.unwrap();
        let words = world.words(&token).await.unwrap().0;
        world.confirm_words(&called, &words).await;
        world.execute("UPDATE outbox SET sent_at = 1, next_try_at = NULL").await;
        let actor = world.actor(&called.admin).await;
        let picked = Picked::Ticked(vec![called.user.user.id]);
        let acted = act(&world.platform, &world.origin, &actor, Act::SendAgain, vec![(called.reset, picked)]).await.unwrap();
        assert_eq!(acted, Acted::Done(1, 0));
        assert!(world.words(&token).await.is_none() && world.register(&token).await.is_none());
        let newer = world.link_token(called.user.user).await.unwrap();
        let token = world.prove(&newer).await.unwrap();
        let (other, confirmed) = world.words(&token).await.unwrap();
        assert!(other != words && !confirmed);
        assert!(!matches!(world.try_confirm_words(&called.admin, &called, &words).await, Confirmed::Done(_)));
    }

    async fn the_sign_in_page_is_no_way_round(world: World) {
        let called = world.to_call_back().await;
        assert!(world.platform.now() < world.link_facts(world.link(called.user.user).await.unwrap().0).await.expires_at);
        assert!(matches!(world.begin_with(&called.user.address, PASSWORD).await, Begun::LinkRequired(_)));
        // A set-up that began at sign-in before the check was switched on is over.
        world.set_policy(&world.a, Policy::default()).await;
        let (token, _) = world.begin(&called.user).await;
        let secret = world.shown_secret(&token).await.unwrap();
        world.set_policy(&world.a, with_words()).await;
        let registered = register(&world.platform, &world.origin, &token, &secret.code(world.now())).await.unwrap();
        assert!(matches!(registered, Registered::Dead));
        // One by link that began before waits for the words now; and where none are asked for any more, it waits no longer.
        let token = world.prove(&called.link).await.unwrap();
        assert!(world.register(&token).await.is_none());
        world.set_policy(&world.a, Policy::default()).await;
        assert!(world.register(&token).await.is_some());
    }

    async fn only_those_who_may_manage_the_user_and_with_a_code_of_their_own(world: World) {
        let called = world.to_call_back().await;
        let token = world.prove(&called.link).await.unwrap();
        let words = world.words(&token).await.unwrap().0;
        let set_up = world.help_desk_sees(&called).await[0].set_up;
        let id = called.user.user.id;
        for (who, refusal) in [
            (world.with_role(&world.a, Role::Auditor).await, Refusal::NoRole),
            (world.member(&world.a).await, Refusal::NoRole),
            (world.with_role(&world.b, Role::Owner).await, Refusal::NoRole),
            (world.person(&world.a, Who { role: Role::Admin, ..Who::NEW }).await, Refusal::NoFactorOfYourOwn),
        ] {
            let (session, code) = (world.session(&who).await, who.secret.code(world.now()));
            let done = confirm(&world.platform, &world.origin, &session, id, Some(set_up), &code).await.unwrap();
            assert!(matches!(done, Confirmed::Against(Against::Authority(why), None) if why == refusal), "{}", who.name);
            assert_eq!(world.last_recorded(who.user.customer).await.0, "change_refused");
        }
        let session = world.session(&called.admin).await;
        for (code, problem) in [
            (String::new(), CodeProblem::Malformed),
            (wrong_code(&called.admin.secret, world.now()), CodeProblem::Wrong),
        ] {
            let done = confirm(&world.platform, &world.origin, &session, id, Some(set_up), &code).await.unwrap();
            assert!(matches!(done, Confirmed::Code(why) if why == problem));
        }
        for none in [None, Some(rekey::domain::ids::ChallengeId::new(START, [9; 10]))] {
            let code = world.fresh_code(&called.admin);
            let done = confirm(&world.platform, &world.origin, &session, id, none, &code).await.unwrap();
            assert!(matches!(done, Confirmed::Against(Against::Nothing, None)));
        }
        assert_eq!(world.words(&token).await, Some((words, false)));
    }

    async fn a_confirmation_against_a_newer_reset(world: World) {
        for _ in 0..4 {
            let called = world.to_call_back().await;
            let token = world.prove(&called.link).await.unwrap();
            let words = world.words(&token).await.unwrap().0;
            let other = world.with_role(&world.a, Role::Admin).await;
            let reset = world.confirmed(&other, &[called.user.user]).await;
            let set_up = world.help_desk_sees(&called).await[0].set_up;
            let (session, code) = (world.session(&called.admin).await, world.fresh_code(&called.admin));
            let (one, two, id) = (world.clone(), world.clone(), called.user.user.id);
            let confirming = tokio::spawn(async move {
                confirm(&one.platform, &one.origin, &session, id, Some(set_up), &code).await.map(drop)
            });
            let resetting = tokio::spawn(async move { rekey::features::reset::run::run(&two.platform, reset).await });
            confirming.await.unwrap().unwrap();
            resetting.await.unwrap().unwrap();
            assert!(world.words(&token).await.is_none() && world.register(&token).await.is_none(), "{words}");
            let newer = world.prove(&world.link_token(called.user.user).await.unwrap()).await.unwrap();
            assert!(!world.words(&newer).await.unwrap().1);
        }
    }

    async fn the_pages_of_both_sides(world: World) {
        let called = world.to_call_back().await;
        let id = called.user.user.id.to_string();
        let page = format!("/users/{id}/call-back");
        let mut desk = Browser::signed_in(&world, &called.admin).await;
        assert!(desk.get(&format!("/users/{id}")).await.body.contains(&format!("href=\"{page}\"")));
        assert!(desk.get(&page).await.body.contains("No set-up waits"));
        let token = world.prove(&called.link).await.unwrap();
        let words = world.words(&token).await.unwrap().0;
        let mut user = Browser::new(&world).await.with(CHALLENGE, &token);
        let body = user.get("/set-up").await.body;
        assert!(body.contains(&words) && body.contains("Compare three words") && !body.contains("otpauth"), "{body}");
        user.post("/api/set_up/register", "/set-up", &[("code", "123456")]).await;
        assert!(user.get("/set-up").await.body.contains("Not confirmed yet."));
        assert!(desk.get(&page).await.body.contains(&words));
        let set_up = world.help_desk_sees(&called).await[0].set_up.to_string();
        desk.post("/api/users/call_back", &page, &[("id", &id), ("code", "123456")]).await;
        assert!(desk.get(&page).await.body.contains("Nothing was confirmed."));
        let code = world.fresh_code(&called.admin);
        let fields = [("id", id.as_str()), ("set_up", set_up.as_str()), ("code", code.as_str())];
        let answer = desk.post("/api/users/call_back", &page, &fields).await;
        assert!(answer.location().contains(&page), "{}", answer.location());
        assert!(desk.get(&page).await.body.contains(&format!("Confirmed: {words}.")));
        let body = user.get("/set-up").await.body;
        assert!(body.contains("otpauth") && body.contains("Your help desk saw the same words"), "{body}");
        let mut foreign = Browser::signed_in(&world, &world.with_role(&world.b, Role::Owner).await).await;
        assert_eq!(foreign.get(&page).await.status, StatusCode::NOT_FOUND);
    }
}
