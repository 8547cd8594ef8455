//! People out of another directory: taken once, all or none, and let in by nothing but their own set-up.

use rekey::domain::ids::CustomerId;
use rekey::domain::user::Standing;
use rekey::domain::user_filter::UserFilter;
use rekey::features::sign_in::service::Begun;
use rekey::features::users;
use rekey::features::users::import::{self, Untaken};

use super::dump::Dump;
use super::harness::*;

const ENTRA: &str = "\u{feff}userPrincipalName,displayName,surname,mail,givenName,accountEnabled\r\n\
    zoe@a.example,Zoë Brückner,,Zoe.Brueckner@A.example,,True\r\n\
    karl@a.example,Karl,,,,False\r\n\
    x_partner.example#EXT#@a.example,Guest,,,,True\r\n";

/// Imports a file as the command does; who was not taken, and why.
async fn import(world: &World, customer: CustomerId, text: &str) -> Vec<(u64, Untaken)> {
    let mut file = import::read(text.as_bytes()).unwrap();
    let mut tx = world.platform.db.begin().await.unwrap();
    import::sift(&mut tx, &mut file).await.unwrap();
    import::add(&mut tx, &world.platform, customer, &file).await.unwrap();
    tx.commit().await.unwrap();
    file.lines.into_iter().filter_map(|line| Some((line.number, line.person.err()?))).collect()
}

both! {
    async fn people_come_in_invited_or_suspended_and_verified(world: World) {
        assert_eq!(import(&world, world.a.id, ENTRA).await, [(4, Untaken::Guest)]);
        let admin = world.with_role(&world.a, rekey::domain::authority::Role::Admin).await;
        let scope = world.actor(&admin).await.scope(rekey::domain::authority::Right::Read);
        let mut conn = world.platform.db.read().await.unwrap();
        let filter = UserFilter { search: "@a.example".into(), ..UserFilter::default() };
        let page = users::service::page(&mut conn, &scope, &filter, world.platform.now(), None).await.unwrap();
        let of = |name: &str| page.rows.iter().find(|user| user.name == name).unwrap().clone();
        let (zoe, karl) = (of("Zoë Brückner"), of("Karl"));
        assert_eq!((zoe.standing, karl.standing), (Standing::Invited, Standing::Suspended));
        assert_eq!(zoe.address.as_str(), "Zoe.Brueckner@A.example");
        assert!(zoe.address_verified_at.is_some() && zoe.methods == 0);
        drop(conn);
        for password in ["", PASSWORD] {
            assert!(matches!(world.begin_with("zoe.brueckner@a.example", password).await, Begun::Wrong));
        }
        let added = world.recorded(world.a.id).await.into_iter().filter(|what| what == "user_added").count();
        assert_eq!(added, 3, "the two and the admin");
        world.assert_chains_whole().await;
    }

    async fn the_second_time_nobody_comes(world: World) {
        import(&world, world.a.id, ENTRA).await;
        let before = Dump::of(&world).await;
        let again = [(2, Untaken::Here), (3, Untaken::Here), (4, Untaken::Guest)];
        assert_eq!(import(&world, world.a.id, ENTRA).await, again);
        // Nor at another customer, nor in another spelling.
        assert_eq!(import(&world, world.b.id, &ENTRA.replace("Zoe.Brueckner@A", "ZOE.brueckner@ａ")).await, again);
        assert_eq!(before, Dump::of(&world).await);
    }

    async fn all_of_a_file_or_nothing(world: World) {
        let mut file = import::read(ENTRA.as_bytes()).unwrap();
        world.execute("ALTER TABLE audit_heads RENAME TO audit_heads_elsewhere").await;
        let mut tx = world.platform.db.begin().await.unwrap();
        import::sift(&mut tx, &mut file).await.unwrap();
        assert!(import::add(&mut tx, &world.platform, world.a.id, &file).await.is_err());
        drop(tx);
        world.execute("ALTER TABLE audit_heads_elsewhere RENAME TO audit_heads").await;
        assert_eq!(world.count("SELECT COUNT(*) FROM users").await, 0);
        assert_eq!(import(&world, world.a.id, ENTRA).await, [(4, Untaken::Guest)]);
    }

    async fn thousands_come_in_one_go(world: World) {
        let line = |n: usize| format!("p{n}@a.example;Person {n};True\n");
        let text: String = (0..3000).map(line).collect();
        assert_eq!(import(&world, world.a.id, &format!("userPrincipalName;displayName;accountEnabled\n{text}")).await, []);
        assert_eq!(world.count("SELECT COUNT(*) FROM users").await, 3000);
        assert_eq!(world.count("SELECT COUNT(*) FROM memberships WHERE role = 'member'").await, 3000);
        world.assert_chains_whole().await;
    }
}
