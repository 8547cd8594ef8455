//! What was measured, as a table for people and as JSON for whoever compares.

use serde::Serialize;

/// One measurement.
#[derive(Serialize)]
pub struct Measurement {
    pub name: String,
    pub unit: &'static str,
    pub engine: &'static str,
    /// How many users there are.
    pub n: i64,
    pub median: f64,
    pub min: f64,
    pub max: f64,
    pub runs: usize,
    /// The median of what the machine allows, measured between these runs.
    pub floor: Option<f64>,
}

impl Measurement {
    /// Of one value a run.
    pub fn new(name: impl Into<String>, unit: &'static str, runs: &[f64], floor: &[f64]) -> Self {
        let (min, max) = runs.iter().fold((f64::MAX, 0.0_f64), |(min, max), run| (min.min(*run), max.max(*run)));
        let floor = (!floor.is_empty()).then(|| median(floor));
        Self { name: name.into(), unit, engine: "", n: 0, median: median(runs), min, max, runs: runs.len(), floor }
    }
}

/// The middle of them; the upper of two.
pub fn median(values: &[f64]) -> f64 {
    part(values, 0.5)
}

/// The value that this part of them does not exceed.
pub fn part(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place")]
    let at = (part * sorted.len() as f64) as usize;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// A line of the table.
pub fn line(one: &Measurement) -> String {
    let ratio = one.floor.filter(|floor| *floor > 0.0).map_or_else(String::new, |floor| {
        let times = if one.unit == "req/s" { floor / one.median } else { one.median / floor };
        format!("{:>10} {times:>6.1}×", short(floor))
    });
    format!(
        "  {:<46} {:>9} {:<6} {:>9} – {:<9}{ratio}",
        one.name,
        short(one.median),
        one.unit,
        short(one.min),
        short(one.max)
    )
}

/// Three digits that matter, or all before the point.
fn short(value: f64) -> String {
    let digits = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else if value >= 1.0 {
        2
    } else {
        3
    };
    format!("{value:.digits$}")
}

/// How much slower everything became that was measured at the smallest size and at the largest.
pub fn growth(all: &[Measurement], engine: &str) -> Vec<String> {
    let sizes = all.iter().filter(|one| one.engine == engine).map(|one| one.n);
    let (Some(small), Some(large)) = (sizes.clone().min(), sizes.max()) else { return Vec::new() };
    let of = |n: i64| all.iter().filter(move |one| one.engine == engine && one.n == n);
    let lines = of(large).filter(|one| small < large && one.name.ends_with("p99")).filter_map(|one| {
        let before = of(small).find(|before| before.name == one.name)?;
        let times = one.median / before.median;
        let verdict = if times <= 2.0 { "within 2×" } else { "OVER 2×" };
        Some(format!("  {:<46} {times:>8.2}× {verdict}", one.name))
    });
    lines.collect()
}
