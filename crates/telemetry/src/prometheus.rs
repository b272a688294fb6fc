//! Metrics as Prometheus text, collected at the moment somebody asks.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, HistogramDataPoint, Metric, MetricData, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{InstrumentKind, ManualReader, Pipeline, Temporality};

/// The content type of [`Scraper::text`].
pub const PROMETHEUS_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Asks all instruments for their values; a clone asks the same ones.
#[derive(Clone, Debug)]
pub struct Scraper(Arc<ManualReader>);

impl Scraper {
    pub(crate) fn new() -> Self {
        Self(Arc::new(ManualReader::builder().build()))
    }

    /// All metrics now. Empty once telemetry is shut down.
    pub fn text(&self) -> String {
        let mut metrics = ResourceMetrics::default();
        if let Err(problem) = self.0.collect(&mut metrics) {
            tracing::warn!(%problem, "could not collect metrics");
            return String::new();
        }
        render(&metrics)
    }
}

impl MetricReader for Scraper {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, _kind: InstrumentKind) -> Temporality {
        Temporality::Cumulative
    }
}

/// All series of one name.
struct Family {
    kind: &'static str,
    help: String,
    /// By the text of the labels, as a series must not be given twice.
    series: BTreeMap<String, String>,
}

#[derive(Default)]
struct Families(BTreeMap<String, Family>);

fn render(metrics: &ResourceMetrics) -> String {
    let mut families = Families::default();
    families.add_target(metrics.resource());
    // Parts come in no order; of two that claim one name, the same one must win each time.
    let mut scopes: Vec<&ScopeMetrics> = metrics.scope_metrics().collect();
    scopes.sort_by_key(|scope| scope.scope().name());
    for metric in scopes.into_iter().flat_map(ScopeMetrics::metrics) {
        match metric.data() {
            AggregatedMetrics::F64(data) => families.add(metric, data, number),
            AggregatedMetrics::I64(data) => families.add(metric, data, |value| value.to_string()),
            AggregatedMetrics::U64(data) => families.add(metric, data, |value| value.to_string()),
        }
    }
    families.into_text()
}

impl Families {
    fn add<T: Copy>(&mut self, metric: &Metric, data: &MetricData<T>, show: impl Fn(T) -> String) {
        let name = metric_name(metric.name());
        match data {
            MetricData::Gauge(gauge) => {
                let points = gauge
                    .data_points()
                    .map(|p| (labels(p.attributes()), p.value()));
                self.add_values(&name, "gauge", metric, points, show);
            }
            MetricData::Sum(sum) if sum.is_monotonic() => {
                let name = if name.ends_with("_total") {
                    name
                } else {
                    format!("{name}_total")
                };
                let points = sum
                    .data_points()
                    .map(|p| (labels(p.attributes()), p.value()));
                self.add_values(&name, "counter", metric, points, show);
            }
            MetricData::Sum(sum) => {
                let points = sum
                    .data_points()
                    .map(|p| (labels(p.attributes()), p.value()));
                self.add_values(&name, "gauge", metric, points, show);
            }
            MetricData::Histogram(histogram) => {
                let Some(family) = self.family(&name, "histogram", metric) else {
                    return;
                };
                for point in histogram.data_points() {
                    let labels = labels(point.attributes());
                    let text = histogram_text(&name, &labels, point, &show(point.sum()));
                    family.series.entry(labels).or_insert(text);
                }
            }
            // Its buckets have no fixed bounds, so of these only the count and the sum are shown.
            MetricData::ExponentialHistogram(histogram) => {
                let Some(family) = self.family(&name, "summary", metric) else {
                    return;
                };
                for point in histogram.data_points() {
                    let labels = labels(point.attributes());
                    let (sum, count) = (show(point.sum()), point.count());
                    let braced = braced(&labels);
                    let text = format!("{name}_sum{braced} {sum}\n{name}_count{braced} {count}\n");
                    family.series.entry(labels).or_insert(text);
                }
            }
        }
    }

    fn add_values<T>(
        &mut self,
        name: &str,
        kind: &'static str,
        metric: &Metric,
        points: impl Iterator<Item = (String, T)>,
        show: impl Fn(T) -> String,
    ) {
        let Some(family) = self.family(name, kind, metric) else {
            return;
        };
        for (labels, value) in points {
            let text = format!("{name}{} {}\n", braced(&labels), show(value));
            family.series.entry(labels).or_insert(text);
        }
    }

    /// The family to add to, unless the name already stands for something of another kind.
    fn family(&mut self, name: &str, kind: &'static str, metric: &Metric) -> Option<&mut Family> {
        let family = self.0.entry(name.to_owned()).or_insert_with(|| Family {
            kind,
            help: metric.description().to_owned(),
            series: BTreeMap::new(),
        });
        (family.kind == kind).then_some(family)
    }

    /// Who is speaking, in the one series that scrapers join on.
    fn add_target(&mut self, resource: &Resource) {
        let labels = label_text(resource.iter().map(|(key, value)| (key.as_str(), value)));
        let text = format!("target_info{} 1\n", braced(&labels));
        let help = "Who is being measured.".to_owned();
        let series = BTreeMap::from([(labels, text)]);
        self.0.insert(
            "target_info".to_owned(),
            Family {
                kind: "gauge",
                help,
                series,
            },
        );
    }

    fn into_text(self) -> String {
        let mut text = String::new();
        for (name, family) in self.0 {
            let help = family.help.replace('\\', "\\\\").replace('\n', "\\n");
            text.extend([format!(
                "# HELP {name} {help}\n# TYPE {name} {}\n",
                family.kind
            )]);
            text.extend(family.series.into_values());
        }
        text
    }
}

fn histogram_text<T>(name: &str, labels: &str, point: &HistogramDataPoint<T>, sum: &str) -> String {
    let mut text = String::new();
    let comma = if labels.is_empty() { "" } else { "," };
    let bounds = point.bounds().map(number).chain(["+Inf".to_owned()]);
    let mut so_far = 0;
    for (bound, count) in bounds.zip(point.bucket_counts()) {
        so_far += count;
        text.extend([format!(
            "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {so_far}\n"
        )]);
    }
    let (braced, count) = (braced(labels), point.count());
    text.extend([format!(
        "{name}_sum{braced} {sum}\n{name}_count{braced} {count}\n"
    )]);
    text
}

fn labels<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> String {
    label_text(attributes.map(|attribute| (attribute.key.as_str(), &attribute.value)))
}

/// `a="1",b="2"`, sorted; keys that become the same name share one label.
fn label_text<'a>(pairs: impl Iterator<Item = (&'a str, &'a Value)>) -> String {
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    for (key, value) in pairs {
        let value = value.to_string();
        labels
            .entry(label_name(key))
            .and_modify(|known| {
                known.push(';');
                known.push_str(&value);
            })
            .or_insert(value);
    }
    let mut text = String::new();
    for (name, value) in labels {
        let value = value
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n");
        let comma = if text.is_empty() { "" } else { "," };
        text.extend([comma, &name, "=\"", &value, "\""]);
    }
    text
}

fn braced(labels: &str) -> String {
    if labels.is_empty() {
        String::new()
    } else {
        format!("{{{labels}}}")
    }
}

/// `[a-zA-Z_:][a-zA-Z0-9_:]*`
fn metric_name(name: &str) -> String {
    sanitised(name, |c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

/// `[a-zA-Z_][a-zA-Z0-9_]*`
fn label_name(name: &str) -> String {
    sanitised(name, |c| c.is_ascii_alphanumeric() || c == '_')
}

fn sanitised(name: &str, is_allowed: impl Fn(char) -> bool) -> String {
    let mut text: String = name
        .chars()
        .map(|c| if is_allowed(c) { c } else { '_' })
        .collect();
    if !text.starts_with(|c: char| !c.is_ascii_digit()) {
        text.insert(0, '_');
    }
    text
}

fn number(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 {
            "+Inf".to_owned()
        } else {
            "-Inf".to_owned()
        };
    }
    value.to_string()
}

#[cfg(test)]
mod tests;
