use leptos::prelude::*;

/// What an icon shows. The drawing is one path on a 16 by 16 grid, stroked in the colour of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyph {
    Bars,
    Building,
    Chart,
    Check,
    Chevron,
    Close,
    Copy,
    Device,
    Document,
    Dots,
    Download,
    Info,
    Key,
    Layers,
    Lock,
    Mail,
    Pause,
    Phone,
    Plus,
    Print,
    Refresh,
    Search,
    Shield,
    SignOut,
    Star,
    Token,
    Trash,
    Users,
    Warning,
}

impl Glyph {
    const fn path(self) -> &'static str {
        match self {
            Self::Bars => "M2 4h12M2 8h12M2 12h12",
            Self::Building => {
                "M1.5 14.5h13M3 14.5v-11l5-2v13M8 6.5h5v8M5.5 6h.01M5.5 8.5h.01M5.5 11h.01M10.5 9h.01M10.5 11.5h.01"
            }
            Self::Chart => "M1.5 13.5h13M2.5 10.5 6 6.5 8.5 9l5-6",
            Self::Check => "M3 8.5 6.5 12 13 4.5",
            Self::Chevron => "m4 6 4 4 4-4",
            Self::Close => "m4 4 8 8M12 4l-8 8",
            Self::Copy => {
                "M6.5 5h6A1.5 1.5 0 0 1 14 6.5v6a1.5 1.5 0 0 1-1.5 1.5h-6A1.5 1.5 0 0 1 5 12.5v-6A1.5 1.5 0 0 1 6.5 5zM11 2.4A1.5 1.5 0 0 0 9.8 2H3.5A1.5 1.5 0 0 0 2 3.5v6.3c0 .5.2.9.5 1.2"
            }
            Self::Device => {
                "M6 1.5h4A1.5 1.5 0 0 1 11.5 3v10a1.5 1.5 0 0 1-1.5 1.5H6A1.5 1.5 0 0 1 4.5 13V3A1.5 1.5 0 0 1 6 1.5zM7.2 12h1.6"
            }
            Self::Document => "M3.5 1.5h6l3 3v10h-9zM6 7h4M6 9.5h4M6 12h2",
            Self::Dots => {
                "M8 3.2a.3.3 0 1 0 0 .6.3.3 0 0 0 0-.6M8 7.7a.3.3 0 1 0 0 .6.3.3 0 0 0 0-.6M8 12.2a.3.3 0 1 0 0 .6.3.3 0 0 0 0-.6"
            }
            Self::Download => "M8 2v8M4.8 7 8 10.2 11.2 7M2 13.5h12",
            Self::Info => "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0M8 7.5V11M8 5.2h.01",
            Self::Key => "M7.6 11a2.6 2.6 0 1 1-5.2 0 2.6 2.6 0 0 1 5.2 0M6.9 9.1l6.6-6.6M10 6l1.9 1.9M12 4l1.4 1.4",
            Self::Layers => "M8 1.8 14.2 5 8 8.2 1.8 5zM1.8 8 8 11.2 14.2 8M1.8 11 8 14.2l6.2-3.2",
            Self::Lock => {
                "M4.5 7h7a1 1 0 0 1 1 1v5a1 1 0 0 1-1 1h-7a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1zM5.5 7V4.7a2.5 2.5 0 0 1 5 0V7"
            }
            Self::Mail => {
                "M3 3h10a1.5 1.5 0 0 1 1.5 1.5v7A1.5 1.5 0 0 1 13 13H3a1.5 1.5 0 0 1-1.5-1.5v-7A1.5 1.5 0 0 1 3 3zM4 5.8l4 3 4-3"
            }
            Self::Pause => "M5.5 3v10M10.5 3v10",
            Self::Phone => {
                "M3 3.2C3 8.6 7.4 13 12.8 13c.7 0 1.2-.5 1.2-1.2V10l-3-1-1.3 1.4a8.6 8.6 0 0 1-4.1-4.1L7 5 6 2H4.2C3.5 2 3 2.5 3 3.2z"
            }
            Self::Plus => "M8 3v10M3 8h10",
            Self::Print => {
                "M4.5 6V2h7v4M4.5 11.5H3A1.5 1.5 0 0 1 1.5 10V7.5A1.5 1.5 0 0 1 3 6h10a1.5 1.5 0 0 1 1.5 1.5V10a1.5 1.5 0 0 1-1.5 1.5h-1.5M4.5 9.5h7V14h-7z"
            }
            Self::Refresh => "M13.3 8a5.3 5.3 0 1 1-1.7-3.9l1.7 1.5M13.3 2v3.6H9.7",
            Self::Search => "M11.5 7a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0M10.3 10.3 14 14",
            Self::Shield => "m8 1.5 5.5 2v4c0 3.4-2.2 5.8-5.5 7-3.3-1.2-5.5-3.6-5.5-7v-4z",
            Self::SignOut => "M6 2H3.5A1.5 1.5 0 0 0 2 3.5v9A1.5 1.5 0 0 0 3.5 14H6M6 8h8M11 5l3 3-3 3",
            Self::Star => "m8 1.8 1.9 4 4.3.6-3.1 3 .8 4.4L8 11.7l-3.9 2.1.8-4.4-3.1-3 4.3-.6z",
            Self::Token => {
                "M3 4.5h10A1.5 1.5 0 0 1 14.5 6v4a1.5 1.5 0 0 1-1.5 1.5H3A1.5 1.5 0 0 1 1.5 10V6A1.5 1.5 0 0 1 3 4.5zM4.5 8H8M11 8h.5"
            }
            Self::Trash => "M2.5 4h11M6 4V2h4v2M4 4l.7 10h6.6L12 4",
            Self::Users => {
                "M8.5 4.8a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0M1.5 14c.3-2.7 2-4.2 4.5-4.2s4.2 1.5 4.5 4.2M10.5 2.6a2.5 2.5 0 0 1 0 4.4M12 10.2c1.4.6 2.3 1.9 2.5 3.8"
            }
            Self::Warning => "M8 2.2 14.4 13.5H1.6zM8 6.5v3M8 11.6h.01",
        }
    }
}

/// A drawing for eyes only: words stand beside it, shown or in `.hidden-text`.
#[component]
pub fn Icon(of: Glyph) -> AnyView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
            <path d=of.path()/>
        </svg>
    }
    .into_any()
}

/// Rekey's mark: a key whose bow turns round.
#[component]
pub fn Mark() -> AnyView {
    view! {
        <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
            <path d="M18.3 9.8a6.3 6.3 0 1 1-2-4.6l2 1.8M18.4 1.6v5.6h-5.2M12 16v8M12 19h3.8M12 22.8h3.8"/>
        </svg>
    }
    .into_any()
}
