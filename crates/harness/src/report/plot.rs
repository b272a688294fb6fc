//! How long calls took, drawn.

use std::fmt::Write as _;

use crate::{metric::float, metric::percentile, report::page::escape};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 150.0;
const FOOT: f64 = 22.0;
const BARS: usize = 48;

/// Anything faster is drawn as this fast: its logarithm would reach to nowhere.
const MS_MIN: f64 = 0.01;

/// One version's times.
pub(super) struct Series<'a> {
    pub(super) name: &'a str,
    pub(super) times: Vec<f64>,
}

/// A histogram over logarithmic time, of one version or of two over each other.
pub(super) fn histogram(series: &[Series<'_>]) -> String {
    let all: Vec<f64> = series
        .iter()
        .flat_map(|it| it.times.iter().copied())
        .collect();
    if all.is_empty() {
        return "<p class=\"quiet\">No call was made.</p>\n".to_owned();
    }
    let logs = all.iter().map(|ms| ms.max(MS_MIN).log10());
    let low = logs.clone().fold(f64::INFINITY, f64::min).floor();
    let high = (logs.fold(f64::NEG_INFINITY, f64::max) + 1e-9)
        .ceil()
        .max(low + 1.0);
    let x_of = |ms: f64| (ms.max(MS_MIN).log10() - low) / (high - low) * WIDTH;
    let counted: Vec<_> = series.iter().map(|it| bars(&it.times, &x_of)).collect();
    let tallest = counted.iter().flatten().copied().max().unwrap_or(1).max(1);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"distribution of latency\">\n",
        HEIGHT + FOOT
    );
    axis(&mut svg, low, high, &x_of);
    for ((of, counts), class) in series.iter().zip(&counted).zip(["one", "two"]) {
        draw(&mut svg, counts, tallest, class);
        mark(&mut svg, &of.times, class, &x_of);
    }
    svg.push_str("</svg>\n");
    key(&mut svg, series);
    svg
}

fn bars(times: &[f64], x_of: &impl Fn(f64) -> f64) -> Vec<usize> {
    let mut counts = vec![0; BARS];
    let width = WIDTH / float(BARS);
    for ms in times {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place on the axis, which begins at 0"
        )]
        let bar = (x_of(*ms) / width) as usize;
        counts[bar.min(BARS - 1)] += 1;
    }
    counts
}

fn draw(svg: &mut String, counts: &[usize], tallest: usize, class: &str) {
    let width = WIDTH / float(BARS);
    for (bar, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let height = float(*count) / float(tallest) * (HEIGHT - 8.0);
        let (x, y) = (float(bar) * width, HEIGHT - height);
        let _infallible = writeln!(
            svg,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>{count}</title></rect>",
            width - 1.0
        );
    }
}

fn axis(svg: &mut String, low: f64, high: f64, x_of: &impl Fn(f64) -> f64) {
    let _infallible = writeln!(
        svg,
        "<line class=\"axis\" x1=\"0\" y1=\"{HEIGHT}\" x2=\"{WIDTH}\" y2=\"{HEIGHT}\"/>"
    );
    let mut power = low;
    while power <= high {
        let ms = 10f64.powf(power);
        let x = x_of(ms);
        let anchor = if power <= low {
            "start"
        } else if power >= high {
            "end"
        } else {
            "middle"
        };
        let shown = if ms >= 1.0 {
            format!("{ms:.0}")
        } else {
            format!("{ms}")
        };
        let _infallible = writeln!(
            svg,
            "<line class=\"axis\" x1=\"{x:.1}\" y1=\"0\" x2=\"{x:.1}\" y2=\"{HEIGHT}\"/><text x=\"{x:.1}\" y=\"{}\" text-anchor=\"{anchor}\">{shown} ms</text>",
            HEIGHT + 15.0
        );
        power += 1.0;
    }
}

/// Where half and 95 of 100 calls are done.
fn mark(svg: &mut String, times: &[f64], class: &str, x_of: &impl Fn(f64) -> f64) {
    for (percent, dashes) in [(50, ""), (95, " stroke-dasharray=\"4 3\"")] {
        if let Some(ms) = percentile(times.to_vec(), percent) {
            let x = x_of(ms);
            let _infallible = writeln!(
                svg,
                "<line class=\"mark-{class}\" x1=\"{x:.1}\" y1=\"0\" x2=\"{x:.1}\" y2=\"{HEIGHT}\" stroke-width=\"1.5\"{dashes}><title>p{percent} {ms} ms</title></line>"
            );
        }
    }
}

fn key(svg: &mut String, series: &[Series<'_>]) {
    svg.push_str("<p class=\"key\">");
    for (of, class) in series.iter().zip(["one", "two"]) {
        let shown = |percent| {
            percentile(of.times.clone(), percent)
                .map_or_else(|| "–".to_owned(), |ms| format!("{ms:.1}"))
        };
        let _infallible = write!(
            svg,
            "<span class=\"{class}\">{}: p50 {}, p95 {}, p99 {} ms</span>",
            escape(of.name),
            shown(50),
            shown(95),
            shown(99)
        );
    }
    svg.push_str("<span>solid line p50, dashed p95</span></p>\n");
}
