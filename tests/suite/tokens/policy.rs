//! What a policy that allows no hardware tokens stops, and what it does not.

use rekey::domain::authority::Role;
use rekey::domain::policy::Policy;
use rekey::domain::token::TokenState;
use rekey::domain::totp::Profile;
use rekey::features::tokens::outcome::{ActOutcome, ActivateOutcome, ImportOutcome};

use super::super::harness::*;
use super::{SECRET, activate, active, assign, confirm, fob, hand_over, held, signs_in, state};

both! {
    async fn it_gives_out_and_activates_no_more_and_leaves_those_there_are(world: World) {
        let (admin, ua) = (world.with_role(&world.a, Role::Admin).await, world.member(&world.a).await);
        let working = active(&world, &admin, &ua, Profile::APP).await;
        let waiting = fob(&world, &world.a, &admin, Profile::APP).await;
        let other = fob(&world, &world.a, &admin, Profile::APP).await;
        hand_over(&world, &waiting, &admin, &ua).await;
        world.set_policy(&world.a, policy(|policy| policy.hardware_tokens_allowed = false)).await;
        assert_eq!(assign(&world, &admin, &other, &ua.address).await, ActOutcome::NotAllowed);
        assert_eq!(state(&world, &other).await, TokenState::InStock);
        // Nor by a file: of two lines the one without an owner comes into the stock.
        let address = ua.address.as_str();
        let file = format!("upn,serial number,secret key,timeinterval\n{address},1,{SECRET},30\n,2,{SECRET},30\n");
        let import = held(&world, &admin, &file).await;
        assert_eq!(confirm(&world, &admin, import).await, ImportOutcome::Done);
        let taken = "SELECT COUNT(*) FROM tokens WHERE serial IN ('1', '2')";
        assert_eq!(world.count(&format!("{taken} AND user_id IS NULL")).await, 1);
        assert_eq!(world.count(taken).await, 1);
        let code = waiting.fresh(&world);
        assert_eq!(activate(&world, &ua, &waiting, (&code, "")).await, ActivateOutcome::NotAllowed);
        assert!(signs_in(&world, &ua, &working.fresh(&world)).await, "what works goes on working");
        world.set_policy(&world.a, Policy::default()).await;
        let code = waiting.fresh(&world);
        assert_eq!(activate(&world, &ua, &waiting, (&code, "")).await, ActivateOutcome::Done);
    }
}
