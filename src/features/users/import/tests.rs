use proptest::prelude::*;

use super::*;

const ENTRA: &str = "userPrincipalName,displayName,surname,mail,givenName,id,userType,jobTitle,accountEnabled\r\n";
const GOOGLE: &str = "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],\
                      Status [READ ONLY],Last Sign In [READ ONLY]\n";

/// Each line of a file in one: number, who, and what becomes of them.
fn told(text: &str) -> Vec<String> {
    tell(&read(text.as_bytes()).unwrap())
}

fn tell(file: &ImportFile) -> Vec<String> {
    let told = |line: &Line| match &line.person {
        Ok(person) => {
            let suspended = if person.suspended { " suspended" } else { "" };
            format!("{} {} <{}>{suspended}", line.number, person.name, person.address)
        }
        Err(why) => format!("{} {}: {why}", line.number, line.who),
    };
    file.lines.iter().map(told).collect()
}

#[test]
fn entra_is_read_as_it_is() {
    let text = format!(
        "{ENTRA}eloy@n.example,Eloy Barroso,Barroso,eloy.barroso@n.example,Eloy,1,Member,,True\r\n\
         karl@n.example,Karl Karlsson,Karlsson,,Karl,2,Member,\"Production assistant, television\",False\r\n\
         ,,,,,,,,\r\n\
         mt_partner.example#EXT#@n.example,Mürit Tarhan,Tarhan,murit@partner.example,Mürit,3,Guest,,True\r\n\
         vp_partner.example#EXT#@n.example,Віктор Панчук,Панчук,,Віктор,4,Guest,,True\r\n\
         f@n.example,=3+1,,,,5,Member,,True\r\n\
         g@n.example,,Nadkarni,,Harsh,6,Member,,True\r\n\
         h@n.example,,,,,7,Member,,True\r\n\
         ,Nobody,,,,8,Member,,True\r\n\
         i@@n.example,Ida,,,,9,Member,,True\r\n\
         j@n.example,Jan,,,,10,Member,,VRAI\r\n"
    );
    assert_eq!(
        told(&text),
        [
            "2 Eloy Barroso <eloy.barroso@n.example>",
            "3 Karl Karlsson <karl@n.example> suspended",
            "5 Mürit Tarhan <murit@partner.example>",
            "6 vp_partner.example#EXT#@n.example: a guest without an address",
            "7 =3+1 <f@n.example>",
            "8 Harsh Nadkarni <g@n.example>",
            "9 h@n.example: no name",
            "10 Nobody: no address",
            "11 i@@n.example: not a mail address",
            "12 j@n.example: neither active nor suspended",
        ]
    );
}

#[test]
fn older_and_hand_made_exports_of_entra_too() {
    let text = "ACCOUNTENABLED;physicalDeliveryOfficeName;DisplayName;mobile;objectId;User Principal Name;authenticationEmail\n\
                true;Hamburg;Zoë;1;2;zoe@n.example;private@elsewhere.example\n";
    assert_eq!(told(text), ["2 Zoë <zoe@n.example>"]);
}

#[test]
fn google_is_read_as_it_is() {
    let text = format!(
        "{GOOGLE}Δήμος,Μπακλάβας,user.435@c.example,****,Active,2026/08/03 04:05:20\n\
         Peter,Karlberg,peter@c.example,****,Suspended,Never logged in\n\
         Old,Account,old@c.example,****,Archived,\n\
         ,,nameless@c.example,****,Active,\n\
         No,Address,,****,Active,\n"
    );
    let file = read(text.as_bytes()).unwrap();
    assert_eq!(file.source, Source::Google);
    assert_eq!(
        tell(&file),
        [
            "2 Δήμος Μπακλάβας <user.435@c.example>",
            "3 Peter Karlberg <peter@c.example> suspended",
            "4 Old Account <old@c.example> suspended",
            "5 nameless@c.example: no name",
            "6 No Address: no address",
        ]
    );
    let seen = |line: usize| file.lines[line].person.as_ref().unwrap().last_sign_in_at;
    assert_eq!(seen(0), Some(Time::from_unix_milliseconds(1_785_729_920_000)));
    assert_eq!(seen(1), None);
}

#[test]
fn every_encoding_and_separator_says_the_same() {
    let text = format!("{GOOGLE}Zoë,\"van der \"\"Zee\"\", jr\",zoe@c.example,****,Active,\n");
    let expected = ["2 Zoë van der \"Zee\", jr <zoe@c.example>"];
    let tabs = text.replace("jr", "j r").replace(',', "\t").replace("\t j r", ", jr");
    let semicolons = text.replace(',', ";").replace("; jr", ", jr");
    for text in [text.clone(), text.replace('\n', "\r\n"), semicolons, tabs] {
        let utf16 = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        let (little, big) = (utf16(u16::to_le_bytes), utf16(u16::to_be_bytes));
        for bytes in [
            text.clone().into_bytes(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [&b"\xff\xfe"[..], &little].concat(),
            [&b"\xfe\xff"[..], &big].concat(),
            little,
            big,
        ] {
            assert_eq!(tell(&read(&bytes).unwrap()), expected, "{text}");
        }
    }
}

#[test]
fn one_address_is_taken_once_however_it_is_spelled() {
    let text = format!(
        "{ENTRA}zoe@bücher.example,Zoë,,,,1,Member,,True\r\n\
         zoe@x.example,\"Zoë\r\non two lines\",,ZOE@XN--BCHER-KVA.example,,2,Member,,True\r\n\
         zoe@x.example,Zoë,,,,3,Member,,True\r\n"
    );
    assert_eq!(
        told(&text),
        [
            "2 Zoë <zoe@bücher.example>",
            "3 ZOE@XN--BCHER-KVA.example: the address of line 2 again",
            "5 Zoë <zoe@x.example>"
        ]
    );
}

#[test]
fn cells_that_have_slipped_are_told_and_missing_ones_are_empty() {
    let text = format!(
        "{ENTRA}z@n.example,Brückner, Zoë,,,,1,Member,,True\r\nk@n.example,Kim\r\nl@n.example,Lea,,,,,,,,,,\r\n"
    );
    assert_eq!(told(&text), ["2 z@n.example: more cells than columns", "3 Kim <k@n.example>", "4 Lea <l@n.example>"]);
}

#[test]
fn names_have_one_line_and_no_escapes() {
    let text = format!("{ENTRA}z@n.example,\"\u{1b}[31mZoë\r\n\0Brückner\u{202e}\",,,,1,Member,,True\r\n");
    assert_eq!(told(&text), ["2 [31mZoë Brückner <z@n.example>"]);
}

#[test]
fn a_list_made_by_hand_is_read() {
    let text =
        "Name;E-Mail;Role\nZoë;zoe@n.example;\nMax;max@n.example;Auditor\nOdd;odd@n.example;boss\n;x@n.example;\n";
    let file = read(text.as_bytes()).unwrap();
    assert_eq!(file.source, Source::List);
    assert_eq!(
        tell(&file),
        ["2 Zoë <zoe@n.example>", "3 Max <max@n.example>", "4 odd@n.example: not a role", "5 x@n.example: no name"]
    );
    let roles: Vec<Role> =
        file.lines.iter().filter_map(|line| line.person.as_ref().ok()).map(|person| person.role).collect();
    assert_eq!(roles, [Role::Member, Role::Auditor]);
}

#[test]
fn other_files_are_refused_with_a_reason() {
    let problem = |bytes: &[u8]| read(bytes).unwrap_err();
    assert_eq!(problem(b""), FileProblem::Empty);
    assert_eq!(problem(b"\xef\xbb\xbf\r\n"), FileProblem::Empty);
    assert_eq!(problem(b"who,where\nZo,zoe@n.example\n"), FileProblem::Columns);
    assert_eq!(problem(b"name,mail,address\n"), FileProblem::TwoColumns("address"));
    assert_eq!(problem(b"upn,serial number,secret key,time interval,manufacturer,model\n"), FileProblem::Columns);
    assert_eq!(problem(b"userPrincipalName,displayName\nz@n.example,Zo\xeb\n"), FileProblem::Encoding);
    assert_eq!(problem(b"\xff\xfeu\x00\x00\xd8"), FileProblem::Encoding);
    assert_eq!(problem(b"PK\x03\x04 a workbook"), FileProblem::Columns);
    assert_eq!(problem(b"mail,userPrincipalName,Mail\n"), FileProblem::TwoColumns("mail"));
    let open = format!("{ENTRA}a@n.example,A\r\nb@n.example,\"B\r\nc@n.example,C\r\n");
    assert_eq!(problem(open.as_bytes()), FileProblem::OpenQuote(3));
    assert_eq!(problem(&vec![b'a'; 100_000_001]), FileProblem::TooLarge);
}

#[test]
fn a_file_with_nobody_in_it_is_read() {
    assert_eq!(told(ENTRA), Vec::<String>::new());
}

proptest! {
    #[test]
    fn whatever_the_bytes_reading_ends(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _problem = read(&bytes);
        for header in [ENTRA, GOOGLE] {
            let _read = read(&[header.as_bytes(), &bytes].concat());
        }
    }

    #[test]
    fn whoever_is_taken_can_be_stored_and_is_taken_once(rows in "(\"?[a-c]@[a-b]\\.example\"?,[\\PC\\r\\n\\x00]{0,5},?){0,8}") {
        let Ok(file) = read(format!("{ENTRA}{rows}").as_bytes()) else { return Ok(()) };
        let people: Vec<&Person> = file.lines.iter().filter_map(|line| line.person.as_ref().ok()).collect();
        let keys: HashSet<String> = people.iter().map(|person| address_key(&person.address)).collect();
        prop_assert_eq!(keys.len(), people.len());
        prop_assert!(people.iter().all(|person| !person.name.is_empty() && !person.name.contains('\0')));
    }
}
