//! A table in a file: its encoding, its separator, its columns by name.

use csv::{ReaderBuilder, StringRecord};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::FileProblem;

/// The largest file that is read, in bytes.
pub const LARGEST: u64 = 100_000_000;

/// The text of a file: UTF-8 or UTF-16, with or without a byte order mark.
///
/// # Errors
/// When it is too large, or in another encoding.
pub fn decode(bytes: &[u8]) -> Result<String, FileProblem> {
    if bytes.len() as u64 > LARGEST {
        return Err(FileProblem::TooLarge);
    }
    let (encoding, text) = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => (encoding, &bytes[mark..]),
        // The first column's name is ASCII: without a mark, the place of the zero tells.
        None => match bytes {
            [0, _, ..] => (UTF_16BE, bytes),
            [_, 0, ..] => (UTF_16LE, bytes),
            _ => (UTF_8, bytes),
        },
    };
    let text = encoding.decode_without_bom_handling_and_without_replacement(text);
    text.map(std::borrow::Cow::into_owned).ok_or(FileProblem::Encoding)
}

/// The names of columns, as they are compared: letters and digits in lower case, without what stands in brackets, so
/// that `Email Address [Required]` is `emailaddress`.
pub struct Columns(Vec<String>);

impl Columns {
    fn new(record: &StringRecord) -> Self {
        Self(record.iter().map(plain).collect())
    }

    /// Whether there is such a column.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains(&plain(name))
    }

    /// Where the column is.
    ///
    /// # Errors
    /// When it is there twice.
    pub fn find(&self, name: &'static str) -> Result<Option<Column>, FileProblem> {
        let wanted = plain(name);
        let mut found =
            self.0.iter().enumerate().filter(|(_, column)| **column == wanted).map(|(place, _)| Column(place));
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(FileProblem::TwoColumns(name)),
            (first, None) => Ok(first),
        }
    }
}

fn plain(name: &str) -> String {
    let name = name.split('[').next().unwrap_or_default();
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The place of a column.
#[derive(Clone, Copy)]
pub struct Column(usize);

/// A table that was read.
pub struct Table {
    /// Its columns.
    pub columns: Columns,
    /// Each with the line it begins on.
    records: Vec<(u64, StringRecord)>,
}

impl Table {
    /// The places of its columns.
    pub fn places(&self) -> impl Iterator<Item = Column> + use<> {
        (0..self.columns.0.len()).map(Column)
    }

    /// Its rows.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let columns = self.columns.0.len();
        self.records.iter().map(move |(line, record)| Row { record, line: *line, columns })
    }
}

/// A row.
pub struct Row<'a> {
    record: &'a StringRecord,
    line: u64,
    columns: usize,
}

impl Row<'_> {
    /// What stands in a column, without spaces around it; empty where the row ends before, or there is no such column.
    pub fn cell(&self, column: Option<Column>) -> &str {
        column.and_then(|Column(place)| self.record.get(place)).unwrap_or_default().trim()
    }

    /// The line it begins on.
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// Whether nothing stands in it, as in the rows that spreadsheets leave behind.
    pub fn is_blank(&self) -> bool {
        self.record.iter().all(|cell| cell.trim().is_empty())
    }

    /// Whether something stands beyond the last column.
    pub fn has_slipped(&self) -> bool {
        self.record.iter().skip(self.columns).any(|cell| !cell.trim().is_empty())
    }
}

/// Reads `text` with the separator under which `recognise` knows its columns.
///
/// # Errors
/// When it is empty, has no such columns, or a quotation mark is never closed.
pub fn read<T>(text: &str, recognise: impl Fn(&Columns) -> Option<T>) -> Result<(T, Table), FileProblem> {
    if text.trim().is_empty() {
        return Err(FileProblem::Empty);
    }
    for separator in [b',', b';', b'\t'] {
        let mut reader =
            ReaderBuilder::new().delimiter(separator).flexible(true).has_headers(false).from_reader(text.as_bytes());
        let mut record = StringRecord::new();
        // What is text already has no encoding to go wrong, and rows may have any length: reading does not fail.
        if !reader.read_record(&mut record).unwrap_or(false) {
            continue;
        }
        let columns = Columns::new(&record);
        let Some(recognised) = recognise(&columns) else {
            continue;
        };
        let mut lines = Lines::new(text);
        let numbered = |record: StringRecord| (lines.at(record.position()), record);
        let records: Vec<_> = reader.into_records().filter_map(Result::ok).map(numbered).collect();
        // An odd number of quotation marks, and the last row goes over several lines: it swallowed the rest of the file.
        if text.bytes().filter(|byte| *byte == b'"').count() % 2 == 1
            && let Some((line, _)) = records.last().filter(|(_, row)| row.iter().any(|cell| cell.contains('\n')))
        {
            return Err(FileProblem::OpenQuote(*line));
        }
        return Ok((recognised, Table { columns, records }));
    }
    Err(FileProblem::Columns)
}

/// Reads `text` as a table without a head, with the separator under which all of its rows have as many cells, two at least;
/// none where there is none, or a single row.
pub fn read_bare(text: &str) -> Option<Table> {
    if text.bytes().filter(|byte| *byte == b'"').count() % 2 == 1 {
        return None;
    }
    [b',', b';', b'\t'].into_iter().find_map(|separator| {
        let reader =
            ReaderBuilder::new().delimiter(separator).flexible(true).has_headers(false).from_reader(text.as_bytes());
        let mut lines = Lines::new(text);
        let numbered = |record: StringRecord| (lines.at(record.position()), record);
        let mut records: Vec<_> = reader.into_records().filter_map(Result::ok).map(numbered).collect();
        records.retain(|(_, record)| record.iter().any(|cell| !cell.trim().is_empty()));
        let cells = records.first().map_or(0, |(_, record)| record.len());
        let is_table = records.len() > 1 && cells > 1 && records.iter().all(|(_, record)| record.len() == cells);
        is_table.then(|| Table { columns: Columns(vec![String::new(); cells]), records })
    })
}

/// Counts lines as an editor does. The reader's own count is one behind where lines end in CR and LF.
struct Lines<'a> {
    text: &'a [u8],
    byte: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    const fn new(text: &'a str) -> Self {
        Self { text: text.as_bytes(), byte: 0, line: 1 }
    }

    /// The line of the first thing at or after a position; positions never go back.
    fn at(&mut self, position: Option<&csv::Position>) -> u64 {
        let begin = position.and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(self.byte);
        while let Some(byte) = self.text.get(self.byte) {
            let is_end = match byte {
                b'\n' => true,
                b'\r' => self.text.get(self.byte + 1) != Some(&b'\n'),
                _ if self.byte >= begin => break,
                _ => false,
            };
            self.line += u64::from(is_end);
            self.byte += 1;
        }
        self.line
    }
}
