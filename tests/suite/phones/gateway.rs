//! Text messages against a real HTTP server, whatever it answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use rekey::domain::mail::Mail;
use rekey::features::outbox::service::{Letter, enqueue};
use rekey::features::outbox::worker::Transport;

use super::*;
use crate::suite::smtp_sink::Sink;

/// What a request said: method, path and query, the header `x-key`, content type, body.
type Asked = [String; 5];

/// A gateway that writes down what it is asked, and answers as it is told; with 200 when it is told nothing.
#[derive(Clone, Default)]
struct Gateway {
    asked: Arc<Mutex<Vec<Asked>>>,
    answers: Arc<Mutex<VecDeque<StatusCode>>>,
}

impl Gateway {
    async fn start(answers: &[StatusCode]) -> (Self, String) {
        let gateway = Self { answers: Arc::new(Mutex::new(answers.iter().copied().collect())), ..Self::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(Self::answer).with_state(gateway.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (gateway, format!("http://{address}"))
    }

    async fn answer(State(gateway): State<Self>, request: Request) -> StatusCode {
        let (parts, body) = request.into_parts();
        let header = |name: &str| parts.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let body = axum::body::to_bytes(body, 10_000).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let asked = [parts.method.to_string(), parts.uri.to_string(), header("x-key"), header("content-type"), body];
        gateway.asked.lock().unwrap().push(asked);
        gateway.answers.lock().unwrap().pop_front().unwrap_or(StatusCode::OK)
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn transport(flags: &[&str]) -> Transport {
    let all = [&["--smtp-url", "smtp://127.0.0.1:9", "--base-url", "https://rekey.example"], flags].concat();
    Transport::servers(&config(&all)).unwrap()
}

/// Has a code sent to a member's phone.
async fn asked_for(world: &World) -> (Person, String) {
    let ua = world.member(&world.a).await;
    let id = registered(world, &ua, "0171 3920012").await;
    let token = world.challenge(&ua, Step::Factor).await;
    assert!(matches!(send(world, &token, id).await, Some(Sent::OnItsWay(_))));
    (ua, token)
}

async fn deliver(world: &World, transport: &Transport) -> usize {
    deliver_due(&world.platform, transport).await.unwrap()
}

both! {
    async fn any_template_becomes_one_request(world: World) {
        let (gateway, url) = Gateway::start(&[]).await;
        let json = [("--sms-url", format!("{url}/send")), ("--sms-header", "X-Key: hunter2".to_owned())];
        let form = [
            ("--sms-url", format!("{url}/form")),
            ("--sms-body", "To={to}&Body={text}".to_owned()),
        ];
        let query = [("--sms-url", format!("{url}/get?to={{to}}&text={{text}}")), ("--sms-body", String::new())];
        for flags in [&json, &form, &query] {
            let flags: Vec<&str> = flags.iter().flat_map(|(flag, value)| [*flag, value.as_str()]).collect();
            let (_, token) = asked_for(&world).await;
            assert_eq!(deliver(&world, &transport(&flags)).await, 1);
            let [method, uri, key, content_type, body] = gateway.asked().pop().unwrap();
            let (to, text) = if flags[1].contains("/send") {
                    assert_eq!((method.as_str(), uri.as_str()), ("POST", "/send"));
                    assert_eq!((key.as_str(), content_type.as_str()), ("hunter2", "application/json"));
                    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
                    (body["to"].as_str().unwrap().to_owned(), body["text"].as_str().unwrap().to_owned())
            } else {
                    let pairs = if method == "POST" {
                        assert_eq!(content_type, "application/x-www-form-urlencoded");
                        body
                    } else {
                        uri.split_once('?').unwrap().1.to_owned()
                    };
                    let mut pairs = url::form_urlencoded::parse(pairs.as_bytes()).into_owned();
                    (pairs.next().unwrap().1, pairs.next().unwrap().1)
            };
            assert_eq!(to, "+491713920012");
            assert!(is_right(&world, &token, &code_in(&text)).await, "{text}");
            world.advance(Span::minutes(30));
        }
        world.assert_chains_whole().await;
    }

    async fn a_message_is_tried_again_while_its_code_counts(world: World) {
        let (gateway, url) = Gateway::start(&[StatusCode::SERVICE_UNAVAILABLE, StatusCode::UNAUTHORIZED]).await;
        let transport = transport(&["--sms-url", &url]);
        let (_, token) = asked_for(&world).await;
        assert_eq!(deliver(&world, &transport).await, 0);
        assert_eq!(deliver(&world, &transport).await, 0, "not at once");
        world.advance(Span::seconds(5));
        assert_eq!(deliver(&world, &transport).await, 0);
        world.advance(Span::seconds(10));
        assert_eq!(deliver(&world, &transport).await, 1);
        let [.., body] = gateway.asked().pop().unwrap();
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(gateway.asked().len(), 3);
        assert!(is_right(&world, &token, &code_in(body["text"].as_str().unwrap())).await);
    }

    async fn a_gateway_that_always_fails_is_asked_three_times(world: World) {
        let (gateway, url) = Gateway::start(&[StatusCode::GATEWAY_TIMEOUT; 9]).await;
        let transport = transport(&["--sms-url", &url]);
        asked_for(&world).await;
        for _ in 0..9 {
            assert_eq!(deliver(&world, &transport).await, 0);
            world.advance(Span::minutes(1));
        }
        assert_eq!(gateway.asked().len(), 3);
        assert_eq!(world.last_recorded(world.a.id).await.0, "mail_failed");
    }

    async fn what_cannot_be_delivered_is_told(world: World) {
        // The number is not one that the gateway takes; then the gateway is away until the code has run out.
        let (_, url) = Gateway::start(&[StatusCode::BAD_REQUEST]).await;
        asked_for(&world).await;
        assert_eq!(deliver(&world, &transport(&["--sms-url", &url])).await, 0);
        let (what, details) = world.last_recorded(world.a.id).await;
        assert!(what == "mail_failed" && details.contains("the gateway answered 400"), "{what} {details}");
        asked_for(&world).await;
        let nobody = transport(&["--sms-url", "http://127.0.0.1:9"]);
        assert_eq!(deliver(&world, &nobody).await, 0);
        world.advance(Span::minutes(10));
        assert_eq!(deliver(&world, &nobody).await, 0);
        let (what, details) = world.last_recorded(world.a.id).await;
        assert!(what == "mail_failed" && details.contains("ran out"), "{what} {details}");
        assert!(!details.contains("3920012"));
    }

    async fn a_gateway_that_is_away_holds_no_mail_and_no_mail_server_a_message(world: World) {
        let sink = Sink::open();
        let (ua, _) = asked_for(&world).await;
        let mail = Mail::AuthenticatorAdded { at: world.now() };
        let mut tx = world.platform.db.begin().await.unwrap();
        enqueue(&mut tx, &world.platform, vec![Letter { user: ua.user, mail, link: None }]).await.unwrap();
        tx.commit().await.unwrap();
        let both = ["--smtp-url", &sink.url(), "--base-url", "https://rekey.example", "--sms-url", "http://127.0.0.1:9"];
        assert_eq!(deliver(&world, &Transport::servers(&config(&both)).unwrap()).await, 1, "the mail");
        // The other way round: nothing listens for mails.
        let (_, url) = Gateway::start(&[]).await;
        asked_for(&world).await;
        world.advance(Span::seconds(5));
        assert_eq!(deliver(&world, &transport(&["--sms-url", &url])).await, 2, "both messages");
    }
}
