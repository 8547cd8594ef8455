//! Whom a selection names: addresses, out of a file or as somebody pasted them. Nobody comes in by it.
//!
//! A table is read by its column of addresses, whether or not it has a head. All else is read as mail programs and people
//! write addresses: one a line, or several, `Name <address>` or bare, parted by commas or semicolons.

use super::table::{self, Column, Row, Table};
use super::{FileProblem, Reads, Seen, Source, Untaken, directory, entra, google, plain};
use crate::domain::user::Address;
use crate::platform::Result;

/// One person as a list names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// On which line; the first is 1.
    pub line: u64,
    /// What stands there. It may hold anything at all.
    pub typed: String,
    /// The address, or why there is none.
    pub address: Result<Address, Untaken>,
}

/// Reads a list. No address in it is left out silently; whatever is none is in it with the reason.
///
/// # Errors
/// When nothing is in it, or it is a table that cannot be read: the same as for people who come in.
pub fn read(text: &str) -> Result<Vec<Named>, FileProblem> {
    if text.trim().is_empty() {
        return Err(FileProblem::Empty);
    }
    let recognise = |columns: &table::Columns| {
        directory(columns).or_else(|| plain::Columns::name_addresses(columns).then_some(Source::List))
    };
    let mut named = match table::read(text, recognise) {
        Ok((Source::Entra, table)) => by_name(&table, &entra::Columns::find(&table.columns)?),
        Ok((Source::Google, table)) => by_name(&table, &google::Columns::find(&table.columns)?),
        Ok((Source::List, table)) => by_name(&table, &plain::Columns::find(&table.columns)?),
        Err(FileProblem::Columns) => match table::read_bare(text).and_then(|table| by_content(&table)) {
            Some(named) => named,
            None => loose(text),
        },
        Err(problem) => return Err(problem),
    };
    let mut seen = Seen::default();
    for one in &mut named {
        if let Some(first) = one.address.as_ref().ok().and_then(|address| seen.before(address, one.line)) {
            one.address = Err(Untaken::SameAs(first));
        }
    }
    Ok(named)
}

/// Of a table with a head.
fn by_name(table: &Table, columns: &impl Reads) -> Vec<Named> {
    let named = |row: Row<'_>| {
        let typed = columns.who(&row);
        let address = if row.has_slipped() { Err(Untaken::TooManyCells) } else { columns.address(&row) };
        let address = match address {
            Err(Untaken::BadAddress) => in_words(&typed),
            other => other,
        };
        Named { line: row.line(), typed, address }
    };
    table.rows().filter(|row| !row.is_blank()).map(named).collect()
}

/// Of a table without a head, or with one that nobody knows: the one column in which addresses stand. Where they stand in
/// several, none of them may be left out.
fn by_content(table: &Table) -> Option<Vec<Named>> {
    let rows: Vec<Row<'_>> = table.rows().filter(|row| !row.is_blank()).collect();
    let addresses = |column: &Column| rows.iter().filter(|row| in_words(row.cell(Some(*column))).is_ok()).count();
    let mut with_some = table.places().filter(|column| addresses(column) > 0);
    let column = with_some.next().filter(|column| with_some.next().is_none() && addresses(column) * 2 >= rows.len())?;
    let is_head = |row: &Row<'_>| !row.cell(Some(column)).contains('@');
    let heads = usize::from(rows.first().is_some_and(is_head));
    let named = |row: &Row<'_>| {
        let typed = row.cell(Some(column)).to_owned();
        Named { line: row.line(), address: in_words(&typed), typed }
    };
    Some(rows.iter().skip(heads).map(named).collect())
}

/// Of no table: line by line.
fn loose(text: &str) -> Vec<Named> {
    let mut all = Vec::new();
    for (number, line) in (1..).zip(lines(text)) {
        for part in parts(line) {
            let address = in_words(part);
            all.push(Named { line: number, typed: part.to_owned(), address });
        }
    }
    all
}

/// The lines of a text as an editor counts them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// What is parted by semicolons and commas, neither of which parts anything inside of quotation marks or angle brackets.
fn parts(line: &str) -> Vec<&str> {
    // A mark that is never closed is a letter like any other.
    let quotes = line.matches('"').count().is_multiple_of(2);
    let pieces = |text: &'static [char], line: &'_ str| -> Vec<(usize, usize)> {
        let (mut quoted, mut bracketed, mut begin, mut found) = (false, false, 0, Vec::new());
        for (at, letter) in line.char_indices() {
            match letter {
                '"' if quotes => quoted = !quoted,
                '<' if !quoted => bracketed = line[at..].contains('>'),
                '>' if !quoted => bracketed = false,
                letter if text.contains(&letter) && !quoted && !bracketed => {
                    found.push((begin, at));
                    begin = at + letter.len_utf8();
                }
                _ => {}
            }
        }
        found.push((begin, line.len()));
        found
    };
    let mut parts = Vec::new();
    for (begin, end) in pieces(&[';'], line) {
        let piece = &line[begin..end];
        let mut from = None;
        for (begin, end) in pieces(&[','], piece) {
            let begin = from.take().unwrap_or(begin);
            // `Brückner, Zoë <zoe@…>`: a name that ends in a bracket began before the comma.
            let ahead = piece[end..].strip_prefix(',').unwrap_or_default();
            let next = ahead.split(',').next().unwrap_or_default();
            let is_name = !piece[begin..end].contains(['@', '<']) && !piece[begin..end].trim().is_empty();
            if is_name && next.trim().find('<').is_some_and(|at| at > 0) {
                from = Some(begin);
            } else {
                parts.push(piece[begin..end].trim());
            }
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The address in `address`, `<address>`, `Name <address>` or `mailto:address`.
fn in_words(text: &str) -> Result<Address, Untaken> {
    // What copying from a page brings along, and nobody sees.
    let unseen = |c: char| c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    let text = text.trim_matches(unseen);
    let inner = match text.rsplit_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').ok_or(Untaken::BadAddress)?.trim_matches(unseen),
        None => text,
    };
    let inner = inner.strip_prefix("mailto:").unwrap_or(inner);
    super::address_in(inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(text: &str) -> Vec<String> {
        let told = |named: Named| match named.address {
            Ok(address) => format!("{} {address}", named.line),
            Err(why) => format!("{} {}: {why}", named.line, named.typed),
        };
        read(text).unwrap().into_iter().map(told).collect()
    }

    #[test]
    fn addresses_are_read_as_people_paste_them() {
        let text = "zoe@a.example\r\n\r\n Max <max@a.example>, ida@a.example;<jo@a.example>\n\
                    \"Brückner, Zoë\" <zb@a.example>; Brückner, Jan <jb@a.example>, mailto:u@a.example\r\
                    nobody, k@@a.example\n\"odd <o@a.example>\n\u{200b}p@a.example\u{feff}\n";
        assert_eq!(
            told(text),
            [
                "1 zoe@a.example",
                "3 max@a.example",
                "3 ida@a.example",
                "3 jo@a.example",
                "4 zb@a.example",
                "4 jb@a.example",
                "4 u@a.example",
                "5 nobody: not a mail address",
                "5 k@@a.example: not a mail address",
                "6 o@a.example",
                "7 p@a.example",
            ]
        );
    }

    #[test]
    fn a_table_is_read_by_its_column_of_addresses() {
        let expected = ["2 zoe@a.example", "3 max@a.example", "4 x: not a mail address"];
        for text in [
            "Name;E-Mail;Role\r\nZoë;zoe@a.example;owner\r\n;max@a.example;\r\nX;x;\r\n",
            "E-Mail\nzoe@a.example\nMax <max@a.example>\nx\n",
            "Anzeigename,Anmeldung,Abteilung\nZoë,zoe@a.example,Kai 1\nMax,max@a.example,\nX,x,Kai\n",
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
        assert_eq!(told("Zoë\tzoe@a.example\nMax\tmax@a.example\n"), ["1 zoe@a.example", "2 max@a.example"]);
        assert_eq!(
            told("userPrincipalName,displayName,mail\nx_y#EXT#@a.example,X,\nz@a.example,Z,zoe@a.example\n,N,\n"),
            ["2 x_y#EXT#@a.example: a guest without an address", "3 zoe@a.example", "4 N: no address"]
        );
        assert_eq!(told("email\nzoe@a.example,max@a.example\n"), ["2 zoe@a.example: more cells than columns"]);
    }

    #[test]
    fn what_is_no_table_leaves_no_address_out() {
        assert_eq!(told("a@a.example, b@a.example\nc@a.example, x\n").len(), 4);
        assert_eq!(told("a@a.example, x\nb@a.example, c@a.example\n").len(), 4);
        assert_eq!(told("a@a.example, x").len(), 2);
    }

    #[test]
    fn the_same_address_counts_once_however_it_is_spelled() {
        assert_eq!(
            told("zoe@a.example\nZoë <ZOE@A.example>, zoe@a.example"),
            [
                "1 zoe@a.example",
                "2 Zoë <ZOE@A.example>: the address of line 1 again",
                "2 zoe@a.example: the address of line 1 again"
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        assert_eq!(read(" \r\n\t"), Err(FileProblem::Empty));
        assert_eq!(read("email,name\n\"zoe@a.example,Zoë\nmax@a.example,Max\n"), Err(FileProblem::OpenQuote(2)));
        assert_eq!(read("email,email\nx,y\n"), Err(FileProblem::TwoColumns("email")));
        assert_eq!(read("=HYPERLINK(\"x\")\n").unwrap()[0].address, Err(Untaken::BadAddress));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(\\PC|[\\r\\n\\t,;\"<>@]){0,200}") {
            let _ = read(&text);
        }

        #[test]
        fn each_of_a_list_is_found(
            picks in prop::collection::btree_set(0u16..500, 1..40),
            parting in prop::sample::select(&["\n", "\r\n", ", ", ";", " ; \r\n"]),
            named in any::<bool>(),
        ) {
            let one = |n: &u16| if named { format!("\"P, {n}\" <p{n}@a.example>") } else { format!("p{n}@a.example") };
            let text: Vec<String> = picks.iter().map(one).collect();
            let found: Vec<String> =
                read(&text.join(parting)).unwrap().into_iter().filter_map(|one| Some(one.address.ok()?.to_string())).collect();
            let expected: Vec<String> = picks.iter().map(|n| format!("p{n}@a.example")).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
