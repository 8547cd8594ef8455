//! Backup codes: each once, for its owner only, and lying nowhere.

use std::fs;

use data_encoding::{BASE32_NOPAD, BASE64, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER};
use memchr::memmem;
use rekey::domain::authority::Role;
use rekey::domain::backup_code::{BackupCode, Used};
use rekey::domain::sign_in::Step;
use rekey::features::sign_in::service::{Factor, Finished};
use rekey::features::{backup_codes, set_up};
use rekey::platform::db::Engine;

use super::browser::*;
use super::dump::Dump;
use super::harness::*;

both! {
    async fn each_code_signs_in_once(world: World) {
        let ua = world.member(&world.a).await;
        for (n, code) in ua.codes.iter().enumerate() {
            let token = world.challenge(&ua, Step::Factor).await;
            let left = u32::try_from(9 - n).unwrap();
            match world.finish(&token, &Factor::BackupCode(code.clone())).await {
                Finished::SignedIn { few_codes, .. } => assert_eq!(few_codes, (left <= 3).then_some(left)),
                other => panic!("code {n}: {}", named_end(&other)),
            }
        }
        // Not again: neither here, nor after a restart, nor as the proof that the set was saved.
        let token = world.challenge(&ua, Step::Factor).await;
        assert!(matches!(world.finish(&token, &Factor::BackupCode(ua.codes[0].clone())).await, Finished::Wrong));
        let restarted = world.second_node().await;
        assert!(matches!(restarted.finish(&token, &Factor::BackupCode(ua.codes[9].clone())).await, Finished::Wrong));
        let mut tx = world.platform.db.begin().await.unwrap();
        assert!(!backup_codes::service::rehearse(&mut tx, &world.platform, ua.user, &ua.codes[0]).await.unwrap());
        let left = backup_codes::service::left(&mut tx, ua.user).await.unwrap();
        assert_eq!((left.count(), left.used.len()), (0, 10));
        let first = Used { at: world.now(), from: world.origin.address.clone() };
        let from = first.from.clone().unwrap();
        assert!(left.used[0] == Some(first));
        drop(tx);
        // Its user sees each of them struck through, with when and from where.
        let page = Browser::signed_in(&world, &ua).await.get("/security").await.body;
        assert_eq!(page.matches("<dt><s>").count(), 10, "{page}");
        let first = page.split("<dt><s>").nth(1).unwrap().split("</dd>").next().unwrap();
        assert!(first.contains("<time") && first.contains(&from), "{first}");
    }

    async fn it_is_read_as_people_type_it(world: World) {
        let ua = world.member(&world.a).await;
        let shown: Vec<String> = ua.codes.iter().map(BackupCode::shown).collect();
        let typed = [
            shown[0].clone(),
            shown[1].to_lowercase(),
            shown[2].replace(' ', ""),
            format!(" {}\r\n", shown[3].replace(' ', "-")),
        ];
        for typed in typed {
            let token = world.challenge(&ua, Step::Factor).await;
            let factor = Factor::backup_code(&typed).expect("a code as it is shown");
            assert!(matches!(world.finish(&token, &factor).await, Finished::SignedIn { .. }), "{typed:?}");
        }
    }

    async fn a_code_that_was_spent_on_one_node_is_spent_on_all(world: World) {
        let ua = world.member(&world.a).await;
        let other = world.second_node().await;
        let (here, there) = (world.challenge(&ua, Step::Factor).await, world.challenge(&ua, Step::Factor).await);
        let code = Factor::BackupCode(ua.codes[4].clone());
        assert!(matches!(world.finish(&here, &code).await, Finished::SignedIn { .. }));
        assert!(matches!(other.finish(&there, &code).await, Finished::Wrong));
    }

    async fn somebody_elses_code_is_wrong_and_still_unused(world: World) {
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.a).await);
        let code = Factor::BackupCode(ub.codes[0].clone());
        let token = world.challenge(&ua, Step::Factor).await;
        assert!(matches!(world.finish(&token, &code).await, Finished::Wrong));
        assert_eq!(world.count("SELECT COUNT(*) FROM backup_codes WHERE used_at IS NOT NULL").await, 0);
        let token = world.challenge(&ub, Step::Factor).await;
        assert!(matches!(world.finish(&token, &code).await, Finished::SignedIn { .. }));
    }

    async fn a_row_moved_to_another_user_opens_nothing(world: World) {
        // The hash is over whose code it is: whoever can write rows but lacks the key cannot lend out a code.
        let (ua, ub) = (world.member(&world.a).await, world.member(&world.a).await);
        world.execute(&format!("DELETE FROM backup_codes WHERE user_id = '{}'", ua.user.id)).await;
        world
            .execute(&format!("UPDATE backup_codes SET user_id = '{}' WHERE user_id = '{}'", ua.user.id, ub.user.id))
            .await;
        let token = world.challenge(&ua, Step::Factor).await;
        assert!(matches!(world.finish(&token, &Factor::BackupCode(ub.codes[0].clone())).await, Finished::Wrong));
        // The same with an authenticator's sealed secret.
        world.execute(&format!("DELETE FROM methods WHERE user_id = '{}'", ua.user.id)).await;
        world.execute(&format!("UPDATE methods SET user_id = '{}' WHERE user_id = '{}'", ua.user.id, ub.user.id)).await;
        let code = Factor::Code(world.fresh_code(&ub));
        let finished = rekey::features::sign_in::service::finish(&world.platform, &world.origin, &token, &code, false).await;
        assert!(matches!(finished, Err(rekey::platform::Fault::Sealed)));
    }

    async fn a_new_set_kills_the_old_one(world: World) {
        let ua = world.member(&world.a).await;
        let mut tx = world.platform.db.begin().await.unwrap();
        let new = backup_codes::service::make(&mut tx, &world.platform, ua.user).await.unwrap();
        tx.commit().await.unwrap();
        let token = world.challenge(&ua, Step::Factor).await;
        for old in ua.codes.iter().take(3) {
            assert!(matches!(world.finish(&token, &Factor::BackupCode(old.clone())).await, Finished::Wrong));
        }
        assert!(matches!(world.finish(&token, &Factor::BackupCode(new.0[0].clone())).await, Finished::SignedIn { .. }));
        assert_eq!(world.rows_of("backup_codes", ua.user).await, 10);
    }

    async fn codes_and_secrets_lie_nowhere(world: World) {
        // Everything that makes, shows, uses and replaces them, then a look at every byte that was kept.
        let admin = world.with_role(&world.a, Role::Admin).await;
        let ua = world.member(&world.a).await;
        let new = world.person(&world.a, Who::NEW).await;
        let mut tokens = vec![world.sign_in(&ua).await];
        let challenge = world.challenge(&ua, Step::Factor).await;
        assert!(matches!(
            world.finish(&challenge, &Factor::BackupCode(ua.codes[2].clone())).await,
            Finished::SignedIn { .. }
        ));
        let (set_up, _) = world.begin(&new).await;
        let (new_secret, new_codes) = world.register(&set_up).await.unwrap();
        let set_up::service::Finished::SignedIn { token, .. } = world.save_codes(&set_up, &new_codes[0]).await else {
            panic!("not signed in")
        };
        tokens.extend([challenge, set_up, token.0]);
        world.reset(&admin, &[ua.user]).await;
        let link = world.link_token(ua.user).await.unwrap();
        let recovery = world.prove(&link).await.unwrap();
        let pending = world.shown_secret(&recovery).await.unwrap();
        let (_, recovered_codes) = world.register(&recovery).await.unwrap();
        tokens.extend([link.split_once('.').unwrap().1.to_owned(), recovery]);

        let mut searched: Vec<(String, Vec<u8>)> = Vec::new();
        for secret in [&ua.secret, &new_secret, &pending, &admin.secret] {
            searched.extend(spellings(secret.bytes()));
            searched.push(("key in fours".into(), rekey::domain::totp::in_fours(&secret.base32()).into_bytes()));
        }
        for code in ua.codes.iter().chain(&new_codes).chain(&recovered_codes) {
            let shown = code.shown();
            searched.extend(spellings(code.bytes()));
            for text in [shown.clone(), shown.replace(' ', ""), shown.replace(' ', "-"), shown.to_lowercase()] {
                searched.push(("a backup code".into(), text.into_bytes()));
            }
        }
        searched.extend(tokens.into_iter().map(|token| ("a token".to_owned(), token.into_bytes())));
        searched.push(("the password".into(), PASSWORD.into()));

        let mut kept = vec![("the tables".to_owned(), Dump::of(&world).await.everything().into_bytes())];
        if world.engine() == Engine::Sqlite {
            for file in fs::read_dir(world.folder()).unwrap() {
                let file = file.unwrap();
                kept.push((file.file_name().to_string_lossy().into_owned(), fs::read(file.path()).unwrap()));
            }
            let names: Vec<_> = kept.iter().map(|(name, _)| name.as_str()).collect();
            assert!(names.contains(&"rekey.db") && names.contains(&"rekey.db-wal"), "{names:?}");
        }
        for (place, bytes) in &kept {
            // The search itself works: what must be there is found.
            if place == "the tables" || place.ends_with("wal") {
                assert!(memmem::find(bytes, ua.address.as_bytes()).is_some());
            }
            for (what, needle) in &searched {
                assert!(memmem::find(bytes, needle).is_none(), "{what} lies in {place}");
            }
        }
    }
}

/// The ways in which bytes are written down.
fn spellings(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let hex = HEXLOWER.encode(bytes);
    [
        ("raw bytes", bytes.to_vec()),
        ("hexadecimal", hex.clone().into_bytes()),
        ("HEXADECIMAL", hex.to_uppercase().into_bytes()),
        ("Base32", BASE32_NOPAD.encode(bytes).into_bytes()),
        ("Base64", BASE64.encode(bytes).into_bytes()),
        ("Base64 without padding", BASE64_NOPAD.encode(bytes).into_bytes()),
        ("Base64url", BASE64URL_NOPAD.encode(bytes).into_bytes()),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes))
    .to_vec()
}
