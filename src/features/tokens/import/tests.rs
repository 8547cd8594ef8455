use proptest::prelude::*;

use super::*;
use crate::domain::time::Time;

const ENTRA: &str = "upn,serial number,secret key,time interval,manufacturer,model\r\n";
const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const HEX_SECRET: &str = "3132333435363738393031323334353637383930";
const FIGURE_5: &str = include_str!("../../../../tests/data/pskc/figure5.xml");
const FIGURE_6: &str = include_str!("../../../../tests/data/pskc/figure6.xml");
const FIGURE_7: &str = include_str!("../../../../tests/data/pskc/figure7.xml");
const KEY_6: &str = "12345678901234567890123456789012";

/// Each line of a file in one: number, token, and what becomes of it.
fn told(bytes: &[u8], key: &str) -> Vec<String> {
    let line = |line: &Line| match &line.token {
        Ok(token) => {
            let Profile { digest, digits, moving } = token.profile;
            let words = [token.maker.as_deref(), token.model.as_deref(), token.owner.as_deref()];
            let words: Vec<&str> = words.into_iter().flatten().collect();
            format!("{} {} {digest} {digits} {moving:?} {}", line.number, token.serial, words.join(" "))
        }
        Err(why) => format!("{} {}: {why}", line.number, line.serial),
    };
    read(bytes, key).unwrap().iter().map(line).collect()
}

fn first_code(bytes: &[u8], key: &str) -> String {
    let token = read(bytes, key).unwrap().remove(0).token.unwrap();
    token.secret().unwrap().code(token.profile, Step(token.last().0 + 1))
}

#[test]
fn entras_table_is_read_with_owners_and_without() {
    let with =
        format!("{ENTRA}eloy@n.example,10001000,{SECRET},30,Acme,Fob/Classic\r\n,10001001,{SECRET},60,Acme,\r\n");
    let tokens = ["2 10001000 sha1 6 Time(30) Acme Fob/Classic eloy@n.example", "3 10001001 sha1 6 Time(60) Acme"];
    assert_eq!(told(with.as_bytes(), "").iter().map(|line| line.trim_end()).collect::<Vec<_>>(), tokens);
    // In one word, in another order, lower case, with a mark.
    let without = format!(
        "\u{feff}model,timeinterval,Secret Key,manufacturer,Serial Number\nFob,60,{},Acme,2\n",
        SECRET.to_lowercase()
    );
    assert_eq!(told(without.as_bytes(), ""), ["2 2 sha1 6 Time(60) Acme Fob"]);
    // As spreadsheets of other regions and of another age save it.
    let utf_16: Vec<u8> =
        format!("\u{feff}{with}").replace(',', ";").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(told(&utf_16, ""), told(with.as_bytes(), ""));
    let token = read(with.as_bytes(), "").unwrap().remove(0).token.unwrap();
    let at = |seconds: i64| Step::of(Time::from_unix_milliseconds(seconds * 1000), 30);
    assert_eq!(token.secret().unwrap().code(token.profile, at(59)), "287082", "RFC 6238, appendix B");
    assert!(!format!("{token:?}").contains("31323334"), "nobody prints a secret by accident");
}

#[test]
fn what_is_wrong_with_a_line_is_said_with_its_number() {
    let long = "A".repeat(208);
    let lines = [
        (format!(",,{SECRET},30,,"), "2 : no_serial"),
        (format!(",--,{SECRET},30,,"), "3 --: no_serial"),
        (",3,,30,,".to_owned(), "4 3: no_secret"),
        // The vendor's own old example holds a 1, which is none.
        (",4,1234567890abcdef1234567890abcdef,30,,".to_owned(), "5 4: bad_secret"),
        (",5,GEZDGNBVGY3TQOJQGEZDGNBV,30,,".to_owned(), "6 5: secret_length"),
        (format!(",6,{long},30,,"), "7 6: secret_length"),
        (format!(",7,{SECRET},45,,"), "8 7: bad_interval"),
        (format!(",8,{SECRET},,,"), "9 8: bad_interval"),
        (format!(",9,{SECRET},30,a,b,c"), "10 9: slipped"),
        (format!(",10 000,{SECRET},30,,"), "11 10 000 sha1 6 Time(30) "),
        (format!(",10-000,{SECRET},30,,"), "12 10-000: twice"),
    ];
    let text: String = lines.iter().flat_map(|(line, _)| [line.as_str(), "\n"]).collect();
    let expected: Vec<&str> = lines.iter().map(|(_, told)| *told).collect();
    assert_eq!(told(format!("{ENTRA}{text}").as_bytes(), ""), expected);
    assert_eq!(read(format!("{ENTRA}{text}").as_bytes(), "").unwrap()[10].same_as, Some(11));
}

#[test]
fn yubicos_table_is_read_with_names_and_without() {
    let rows = format!("1234567,cccccccccccb,{HEX_SECRET},0\n1234568,cccccccccccd,{HEX_SECRET},7\n,x,{HEX_SECRET},0\n");
    let tokens = ["1 1234567 sha1 6 Counter Yubico", "2 1234568 sha1 6 Counter Yubico", "3 : no_serial"];
    assert_eq!(told(rows.as_bytes(), ""), tokens);
    assert_eq!(told(rows.replace(',', ";").replace('\n', "\r\n").as_bytes(), ""), tokens);
    let named = format!("Serial Number,Public ID,Secret Key,Moving Factor\n{rows}");
    let one_lower = ["2 1234567 sha1 6 Counter Yubico", "3 1234568 sha1 6 Counter Yubico", "4 : no_serial"];
    assert_eq!(told(named.as_bytes(), ""), one_lower);
    assert_eq!(first_code(rows.as_bytes(), ""), "755224", "RFC 4226, appendix D");
    let second = read(rows.as_bytes(), "").unwrap().remove(1).token.unwrap();
    assert_eq!(second.last(), Step(6));
    let wrong = format!("1,x,{HEX_SECRET},0\n2,x,{HEX_SECRET},-1\n3,x,{HEX_SECRET},y\n4,x,{},0\n", &HEX_SECRET[1..]);
    assert_eq!(told(wrong.as_bytes(), "")[1..], ["2 2: bad_counter", "3 3: bad_counter", "4 4: bad_secret"]);
}

#[test]
fn the_figures_of_rfc_6030() {
    let figure_2 = include_str!("../../../../tests/data/pskc/figure2.xml");
    assert!(told(figure_2.as_bytes(), "")[0].ends_with("12345678: secret_length"));
    // A key and its PIN: the PIN is no token.
    assert_eq!(told(FIGURE_5.as_bytes(), ""), ["14 987654321 sha1 8 Counter Manufacturer"]);
    assert_eq!(first_code(FIGURE_5.as_bytes(), ""), "84755224");
    let figure_10 = include_str!("../../../../tests/data/pskc/figure10.xml");
    let serials: Vec<String> = told(figure_10.as_bytes(), "")
        .iter()
        .map(|line| line.split(' ').skip(1).take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(serials, ["654321 sha1", "123456 sha1", "9999999 sha1", "9999999: twice"]);
}

#[test]
fn a_pre_shared_key_opens_what_was_not_changed() {
    for key in [KEY_6, "1234 5678 9012 3456 7890 1234 5678 9012"] {
        assert_eq!(
            told(FIGURE_6.as_bytes(), key)[0].split_once(' ').unwrap().1,
            "987654321 sha1 8 Counter Manufacturer"
        );
    }
    assert_eq!(first_code(FIGURE_6.as_bytes(), KEY_6), "84755224", "the secret of the plain figure");
    let why = |text: &str, key: &str| read(text.as_bytes(), key).unwrap_err();
    assert_eq!(why(FIGURE_6, " "), Problem::KeyMissing);
    assert_eq!(why(FIGURE_6, "qwerty"), Problem::KeyMalformed);
    assert_eq!(why(FIGURE_6, &KEY_6.replace('1', "2")), Problem::WrongKey);
    let changed = FIGURE_6.replace("AAECAwQFBgcICQoLDA0OD+cI", "AAECAwQFBgcICQoLDA0OD+cJ");
    assert_ne!(changed, FIGURE_6);
    assert_eq!(why(&changed, KEY_6), Problem::WrongKey);
    assert_eq!(why(&FIGURE_6.replace("Su+NvtQf", "Su+NvtQe"), KEY_6), Problem::WrongKey);
    assert_eq!(why(&FIGURE_6.replace("ValueMAC", "NoMAC"), KEY_6), Problem::WrongKey);
    assert_eq!(why(&FIGURE_6.replace("MACMethod", "NoMethod"), KEY_6), Problem::NoMac);
    assert_eq!(why(&FIGURE_6.replace("aes128-cbc", "tripledes-cbc"), KEY_6), Problem::Encryption);
    // One that was changed among others is named; the others are taken.
    let (head, package) = FIGURE_6.split_once("<KeyPackage>").unwrap();
    let (package, end) = package.split_once("</KeyPackage>").unwrap();
    let other = package.replace("987654321", "2").replace("Su+NvtQf", "Su+NvtQe");
    let two = format!("{head}<KeyPackage>{package}</KeyPackage><KeyPackage>{other}</KeyPackage>{end}");
    let told = told(two.as_bytes(), KEY_6);
    assert!(told[0].contains("987654321 sha1") && told[1].ends_with("2: unopened"), "{told:?}");
}

#[test]
fn a_password_opens_the_figure_that_has_one() {
    assert_eq!(first_code(FIGURE_7.as_bytes(), "qwerty"), "84755224", "the secret of the plain figure");
    assert_eq!(read(FIGURE_7.as_bytes(), "qwertz").unwrap_err(), Problem::WrongKey);
    let endless = FIGURE_7.replace(">1000<", ">4000000000<");
    assert_eq!(read(endless.as_bytes(), "qwerty").unwrap_err(), Problem::Encryption);
}

#[test]
fn totp_in_pskc_has_every_digest_and_interval() {
    let key = |n: u8, suite: &str, interval: &str, length: &str| {
        format!(
            "<KeyPackage><DeviceInfo><SerialNo>{n}</SerialNo><Model>M</Model></DeviceInfo>\
             <Key Algorithm=\"urn:ietf:params:xml:ns:keyprov:pskc:totp\"><AlgorithmParameters><Suite>{suite}</Suite>\
             <ResponseFormat Length=\"{length}\" Encoding=\"DECIMAL\"/></AlgorithmParameters><Data><Secret><PlainValue>\
             MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret><TimeInterval><PlainValue>{interval}</PlainValue>\
             </TimeInterval></Data></Key></KeyPackage>"
        )
    };
    let keys = [
        key(1, "", "30", "6"),
        key(2, "HMAC-SHA256", "60", "8"),
        key(3, "HMAC-SHA512", "30", "6"),
        key(4, "HMAC-MD5", "30", "6"),
        key(5, "", "31", "6"),
        key(6, "", "30", "7"),
        key(7, "", "30", "6").replace(":totp", ":ocra"),
    ];
    let text = format!("<KeyContainer xmlns=\"urn:ietf:params:xml:ns:keyprov:pskc\">{}</KeyContainer>", keys.concat());
    let expected = [
        "1 1 sha1 6 Time(30) M",
        "1 2 sha256 8 Time(60) M",
        "1 3 sha512 6 Time(30) M",
        "1 4: other_kind",
        "1 5: bad_interval",
        "1 6: bad_digits",
        "1 7: other_kind",
    ];
    assert_eq!(told(text.as_bytes(), ""), expected);
}

#[test]
fn what_would_be_too_much_or_nothing_is_refused_whole() {
    let why = |text: &str| read(text.as_bytes(), "").unwrap_err();
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><x>&b;</x>";
    assert_eq!(why(bomb), Problem::Doctype);
    let outside = "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><KeyContainer/>";
    assert_eq!(why(outside), Problem::Doctype);
    assert_eq!(why("<x>&b;</x>"), Problem::Xml);
    assert_eq!(why("<KeyContainer"), Problem::Xml);
    assert_eq!(why("<html/>"), Problem::NotPskc);
    assert_eq!(why("<KeyContainer xmlns=\"urn:ietf:params:xml:ns:keyprov:pskc\"/>"), Problem::Nothing);
    assert_eq!(why(&format!("{}x{}", "<a>".repeat(100_000), "</a>".repeat(100_000))), Problem::NotPskc);
    assert_eq!(why(ENTRA), Problem::Nothing);
    assert_eq!(why(""), Problem::File(FileProblem::Empty));
    assert_eq!(why("name,address\nx,x@y.example\n"), Problem::File(FileProblem::Columns));
    assert_eq!(read(&[0xff, 0xfe, 0, 0xd8], "").unwrap_err(), Problem::File(FileProblem::Encoding));
    let many: String = (0..=MOST_TOKENS).map(|n| format!(",{n},{SECRET},30,,\n")).collect::<Vec<_>>().concat();
    assert_eq!(why(&format!("{ENTRA}{many}")), Problem::TooMany);
}

proptest! {
    #[test]
    fn no_file_makes_the_reader_fail(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "[<>/a-zA-Z0-9=,;\"\n !\\[&]{0,200}") {
        let _ = read(&bytes, "x");
        let _ = read(text.as_bytes(), KEY_6);
        let _ = read(format!("{ENTRA}{text}").as_bytes(), "");
        let _ = read(format!("<KeyContainer xmlns=\"urn:ietf:params:xml:ns:keyprov:pskc\">{text}</KeyContainer>").as_bytes(), KEY_6);
    }

    #[test]
    fn damaged_figures_open_nothing_else(at in 0usize..FIGURE_6.len(), byte in 0x20u8..0x7f) {
        let mut bytes = FIGURE_6.as_bytes().to_vec();
        bytes[at] = byte;
        if let Ok(lines) = read(&bytes, KEY_6) {
            for token in lines.into_iter().filter_map(|line| line.token.ok()) {
                // Whatever else was changed: the secret is the right one, or there is none.
                let secret = token.secret().unwrap();
                prop_assert_eq!(secret.bytes(), b"12345678901234567890");
            }
        }
    }
}
