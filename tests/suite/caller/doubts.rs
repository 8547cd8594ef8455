//! Where the password may be in wrong hands, a code of the help desk does in its place, whatever the policy says: otherwise
//! nothing would lead back in.

use rekey::features::security::caller_service::Against;

use super::super::recovery::assert_one_authenticator;
use super::*;

impl World {
    /// Whether a help desk gets a code for this user by what the policy says.
    async fn takes_codes(&self, admin: &Person, user: &Person) -> bool {
        let session = self.session(admin).await;
        !matches!(self.try_code(&session, user, &self.identified(admin)).await, Made::Against(Against::Policy, _))
    }
}

both! {
    async fn after_this_was_not_me_a_code_and_the_words_lead_back_in(world: World) {
        let (admin, user) = (world.with_role(&world.a, Role::Admin).await, world.member(&world.a).await);
        world.reset(&admin, &[user.user]).await;
        assert!(!world.takes_codes(&admin, &user).await);
        world.say_not_me(&world.not_me_token(&user, "reset").await.unwrap()).await;
        world.advance(Span::minutes(5));
        let reset = world.reset(&admin, &[user.user]).await;
        let link = world.link_token(user.user).await.unwrap();
        let called = Called { admin, user, reset, link };
        // Whoever has mailbox and password could have said it, and so have brought the reset about.
        let theirs = world.prove(&called.link).await.unwrap();
        let token = world.proved(&called.link, &world.caller_code(&called).await).await.unwrap();
        assert!(matches!(world.choose(&token, NEW).await, Chosen::GoOn));
        assert!(world.shown_secret(&theirs).await.is_none() && world.shown_secret(&token).await.is_none());
        let (words, confirmed) = world.words(&token).await.unwrap();
        assert!(!confirmed);
        world.confirm_words(&called, &words).await;
        assert!(world.shown_secret(&theirs).await.is_none());
        let made = world.register(&token).await.unwrap();
        assert_one_authenticator(&world, &called.user, made).await;
        // From then on it is as the policy says.
        world.reset(&called.admin, &[called.user.user]).await;
        assert!(!world.takes_codes(&called.admin, &called.user).await);
        world.assert_chains_whole().await;
    }

    async fn a_password_chosen_by_mail_is_no_dead_end(world: World) {
        let (admin, user) = (world.with_role(&world.a, Role::Admin).await, world.member(&world.a).await);
        let by_mail = world.password_link(&user).await.unwrap();
        assert_eq!(world.set_by_mail(&by_mail, NEW).await, Set::Done);
        let reset = world.reset(&admin, &[user.user]).await;
        let link = world.link_token(user.user).await.unwrap();
        let proof = prove(&world.platform, &world.origin, &link, NEW.to_owned()).await.unwrap();
        assert!(matches!(proof, Proof::ByMail));
        let called = Called { admin, user, reset, link };
        let token = world.proved(&called.link, &world.caller_code(&called).await).await.unwrap();
        let last = "gravel under tide and sand";
        assert!(matches!(world.choose(&token, last).await, Chosen::GoOn));
        // Where no codes are taken otherwise, the help desk is called too.
        world.confirm_only_words(&called.admin, &called.user).await;
        world.register(&token).await.unwrap();
        assert!(matches!(world.begin_with(&called.user.address, last).await, Begun::Challenge(..)));
        assert!(!world.takes_codes(&called.admin, &called.user).await);
    }
}
