//! How far a running reset is: as it was when the page came, and live where a script runs.

use leptos::prelude::*;

use crate::domain::ids::ResetId;
use crate::domain::progress::Progress;
use crate::features::users::list_parts::number;
use crate::ui::listen;

/// How often ears are told, in milliseconds.
const SAID_EVERY: i64 = 5000;

/// The numbers of a reset that runs. When it is over, `again` fetches the page anew.
pub fn running(id: ResetId, first: Progress, again: Callback<()>) -> AnyView {
    let (progress, said) = (RwSignal::new(first), RwSignal::new(first));
    listen(
        format!("/resets/{id}/progress"),
        Callback::new(move |text: String| {
            let Ok(told) = serde_json::from_str::<Progress>(&text) else { return true };
            progress.set(told);
            if told.over || told.elapsed >= said.get_untracked().elapsed + SAID_EVERY {
                said.set(told);
            }
            if told.over {
                again.run(());
            }
            !told.over
        }),
    );
    let all = first.all();
    let of = move || format!(" of {} {} reset", number(all), if all == 1 { "person" } else { "people" });
    view! {
        <div class="head">
            <p class="hero"><b>{move || number(progress.get().reset)}</b>{of}</p>
            <p class="note">{move || pace(&progress.get())}</p>
        </div>
        <progress
            class="bar"
            aria-label="Done"
            max=all.max(1).to_string()
            value=move || (progress.get().reset + progress.get().failed).to_string()
        >
            {move || in_words(&progress.get())}
        </progress>
        <ul class="legend">
            <li class="done">{move || format!("{} reset", number(progress.get().reset))}</li>
            <li class="failed">{move || format!("{} failed", number(progress.get().failed))}</li>
            <li>{move || format!("{} to go", number(progress.get().pending))}</li>
            <li>{move || format!("{} skipped", number(progress.get().skipped))}</li>
        </ul>
        <p class="hidden-text" role="status">{move || in_words(&said.get())}</p>
        <p>"You can close this page. The reset goes on, and every person is either wholly reset or not touched."</p>
    }
    .into_any()
}

fn in_words(progress: &Progress) -> String {
    let Progress { reset, failed, pending, .. } = *progress;
    let failed = if failed > 0 { format!(", {} failed", number(failed)) } else { String::new() };
    format!("{} reset{failed}, {} to go", number(reset), number(pending))
}

/// "31 a second · about 5 seconds left".
fn pace(progress: &Progress) -> String {
    match progress.pace() {
        _ if progress.over => "Done".to_owned(),
        None => "Beginning".to_owned(),
        Some((rate, left)) => {
            let left = match left {
                0..=1 => "about a second".to_owned(),
                2..=90 => format!("about {left} seconds"),
                _ => format!("about {} minutes", left.div_euclid(60) + 1),
            };
            format!("{} a second · {left} left", number(rate))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_said_in_words() {
        let progress = Progress { reset: 238, failed: 2, pending: 157, elapsed: 8000, ..Progress::default() };
        assert_eq!(pace(&progress), "30 a second · about 6 seconds left");
        assert_eq!(in_words(&progress), "238 reset, 2 failed, 157 to go");
        assert_eq!(pace(&Progress { pending: 9000, ..progress }), "30 a second · about 6 minutes left");
        assert_eq!(pace(&Progress::default()), "Beginning");
    }
}
