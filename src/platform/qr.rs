//! QR codes as SVG path data, so that the page draws them under a policy that forbids inline styles and images from
//! elsewhere.

use qrcode::{Color, EcLevel, QrCode};

/// A QR code: its modules as one SVG path, in a square of `size` units with the quiet zone left to the page.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Qr {
    /// Modules a side.
    pub size: usize,
    /// `d` of a path that fills the dark modules.
    pub path: String,
}

/// Draws `text`; none when it is too long for a QR code (2,331 bytes at this level).
#[must_use]
pub fn draw(text: &str) -> Option<Qr> {
    use std::fmt::Write as _;
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let size = code.width();
    let mut path = String::new();
    for (row, modules) in code.to_colors().chunks(size).enumerate() {
        let mut column = 0;
        while column < size {
            let run = modules[column..].iter().take_while(|color| **color == Color::Dark).count();
            if run > 0 {
                write!(path, "M{column} {row}h{run}v1h-{run}z").expect("writing to a string does not fail");
            }
            column += run.max(1);
        }
    }
    Some(Qr { size, path })
}
