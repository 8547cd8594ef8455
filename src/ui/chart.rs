use leptos::prelude::*;

/// One line of a [`Chart`].
#[derive(Clone, Debug)]
pub struct Line {
    /// What it counts.
    pub label: &'static str,
    /// How it is drawn: `solid` or `dashed` (style/chart.css).
    pub look: &'static str,
    /// Its values, as many as there are steps.
    pub values: Vec<i64>,
}

const WIDTH: i64 = 720;
const HEIGHT: i64 = 160;
/// Room for the words at the ends of the lines, and at the edges.
const LABELS: i64 = 150;
const EDGE: i64 = 14;

/// Lines over steps of time, below a dotted one at `most`. Eyes get the drawing, with `told` in a sentence for ears; the table
/// has every number for both.
#[component]
pub fn Chart(
    #[prop(into)] title: String,
    #[prop(into)] told: String,
    /// What the steps are called, one each.
    steps: Vec<String>,
    lines: Vec<Line>,
    most: i64,
    #[prop(into)] most_label: String,
) -> AnyView {
    let count = i64::try_from(steps.len()).unwrap_or(1).max(2);
    let x = move |at: usize| i64::try_from(at).unwrap_or(0) * WIDTH / (count - 1);
    let y = move |value: i64| EDGE + HEIGHT - value * HEIGHT / most.max(1);
    let points = |line: &Line| {
        let points: Vec<String> =
            line.values.iter().enumerate().map(|(at, value)| format!("{},{}", x(at), y(*value))).collect();
        points.join(" ")
    };
    let drawn = |line: &Line| {
        let area = format!("0,{} {} {WIDTH},{}", y(0), points(line), y(0));
        view! {
            <polygon class=format!("area {}", line.look) points=area/>
            <polyline class=line.look points=points(line)/>
        }
        .into_any()
    };
    let ends = lines.iter().map(|line| (line.values.last().copied().unwrap_or(0), line.label.to_owned()));
    let labels = apart(
        ends.chain([(most, most_label)]).map(|(value, label)| (y(value) + 4, format!("{value} {label}"))).collect(),
    )
    .into_iter()
    .map(|(y, words)| view! { <text x=WIDTH + 8 y=y>{words}</text> })
    .collect_view();
    let box_of = format!("0 0 {} {}", WIDTH + LABELS, HEIGHT + 2 * EDGE + 16);
    let (first, last) = (steps.first().cloned().unwrap_or_default(), steps.last().cloned().unwrap_or_default());
    let heads = lines.iter().map(|line| view! { <th class="num" scope="col">{line.label}</th> }).collect_view();
    let rows = steps
        .iter()
        .enumerate()
        .map(|(at, step)| {
            let cells = lines
                .iter()
                .map(|line| view! { <td class="num">{line.values.get(at).copied().unwrap_or(0)}</td> })
                .collect_view();
            view! { <tr><td>{step.clone()}</td>{cells}</tr> }.into_any()
        })
        .collect_view();
    view! {
        <figure class="card chart">
            <figcaption class="card-head"><h2>{title}</h2></figcaption>
            <div class="card-body">
                <svg viewBox=box_of role="img" aria-label=told>
                    <line class="most" x1="0" x2=WIDTH y1=y(most) y2=y(most)></line>
                    <line class="ground" x1="0" x2=WIDTH y1=y(0) y2=y(0)></line>
                    {lines.iter().map(drawn).collect_view()}
                    {labels}
                    <text class="step" x="0" y=HEIGHT + 2 * EDGE + 8>{first}</text>
                    <text class="step end" x=WIDTH y=HEIGHT + 2 * EDGE + 8>{last}</text>
                </svg>
                <details class="fold">
                    <summary>"Show as a table"</summary>
                    <table class="table">
                        <thead><tr><th scope="col">"Until"</th>{heads}</tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </details>
            </div>
        </figure>
    }
    .into_any()
}

/// Words beside the ends of lines, none over another: whoever is too close to the one below moves up.
fn apart(mut labels: Vec<(i64, String)>) -> Vec<(i64, String)> {
    labels.sort_by_key(|(y, _)| -*y);
    let mut free = i64::MAX;
    for (y, _) in &mut labels {
        *y = (*y).min(free);
        free = *y - 15;
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_words_lie_over_others() {
        let at = |heights: &[i64]| {
            apart(heights.iter().map(|y| (*y, String::new())).collect()).iter().map(|(y, _)| *y).collect::<Vec<_>>()
        };
        assert_eq!(at(&[10, 100, 104]), [104, 89, 10]);
        assert_eq!(at(&[50, 50, 50]), [50, 35, 20]);
    }
}
