//! What happened to a person as a list, plain or by day.

use leptos::prelude::*;

use super::rows::Happened;
use super::story::{Told, tell};
use crate::domain::time::Time as Moment;
use crate::ui::{Icon, Time, bare_clock, day as date, is_day_before, is_same_day, long};
use crate::words::{locale, td_string};

/// Events as a story, the newest first; `clocks` where a heading names the day.
pub fn story(events: Vec<Happened>, now: Moment, clocks: bool) -> AnyView {
    let line = move |event: Happened| {
        let at = event.at;
        let Told { sign, title, under } = tell(&event);
        let time = if clocks {
            view! { <time title=long(at)>{bare_clock(at)}</time> }.into_any()
        } else {
            view! { <Time at now/> }.into_any()
        };
        view! {
            <li>
                <Icon of=sign/>
                <div><b><bdi>{title}</bdi></b>{under.into_iter().map(|line| view! { <p><bdi>{line}</bdi></p> }).collect_view()}</div>
                {time}
            </li>
        }
        .into_any()
    };
    view! { <ol class="story">{events.into_iter().map(line).collect_view()}</ol> }.into_any()
}

/// Events by day, each under its heading.
pub fn by_day(events: Vec<Happened>, now: Moment) -> AnyView {
    let mut days: Vec<(Moment, Vec<Happened>)> = Vec::new();
    for event in events {
        match days.last_mut() {
            Some((day, of_day)) if is_same_day(*day, event.at) => of_day.push(event),
            _ => days.push((event.at, vec![event])),
        }
    }
    days.into_iter()
        .map(|(day, events)| {
            view! { <section class="day"><h2>{day_name(day, now)}</h2>{story(events, now, true)}</section> }.into_any()
        })
        .collect_view()
        .into_any()
}

/// "Today, 21 November 2026", "Yesterday, …", "19 November 2026".
fn day_name(day: Moment, now: Moment) -> String {
    let date = date(day);
    if is_same_day(day, now) {
        td_string!(locale(), story.today, day = date)
    } else if is_day_before(day, now) {
        td_string!(locale(), story.yesterday, day = date)
    } else {
        date
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Span;

    #[test]
    fn days_are_named() {
        let noon = Moment::from_unix_milliseconds(1_795_269_900_000);
        assert_eq!(day_name(noon, noon), "Today, 21 November 2026");
        assert_eq!(day_name(noon, noon + Span::hours(24)), "Yesterday, 21 November 2026");
        assert_eq!(day_name(noon, noon + Span::hours(48)), "21 November 2026");
    }
}
