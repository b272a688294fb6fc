//! OTLP as JSON, an object a line: how telemetry is kept in files.
//! The mapping is that of <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{Array, KeyValue, SpanId, Value as Attribute};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, Metric, MetricData, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_sdk::trace::SpanData;
use serde_json::{Map, Value, json};

/// A log line as it was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptLine {
    pub time: Timestamp,
    /// `ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`.
    pub level: String,
    /// The part that said it; `tool` for what tools say.
    pub target: String,
    pub message: String,
    pub trace_id: Option<String>,
    pub span_id: Option<String>,
    /// Everything else.
    pub fields: Map<String, Value>,
}

impl KeptLine {
    /// Reads a line of a log file of this process; nothing if it is none.
    pub fn of_file(line: &str) -> Option<Self> {
        let mut fields: Map<String, Value> = serde_json::from_str(line).ok()?;
        let mut take = |name: &str| match fields.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        Some(Self {
            time: take("timestamp")?.parse().ok()?,
            level: take("level")?,
            target: take("target")?,
            message: take("message")?,
            trace_id: take("trace_id"),
            span_id: take("span_id"),
            fields,
        })
    }

    /// Reads the first log record of an OTLP line; nothing if there is none.
    pub fn of_otlp(line: &str) -> Option<Self> {
        let mut whole: Value = serde_json::from_str(line).ok()?;
        let scope = whole.pointer_mut("/resourceLogs/0/scopeLogs/0")?;
        let target = scope.pointer("/scope/name")?.as_str()?.to_owned();
        let record = scope.pointer_mut("/logRecords/0")?.take();
        let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
        let nanos: i128 = text("timeUnixNano")?.parse().ok()?;
        let fields = record.get("attributes").and_then(Value::as_array);
        let fields = fields.into_iter().flatten().filter_map(|attribute| {
            let name = attribute.get("key")?.as_str()?.to_owned();
            Some((name, plain(attribute.get("value")?)))
        });
        Some(Self {
            time: Timestamp::from_nanosecond(nanos).ok()?,
            level: text("severityText")?,
            target,
            message: record.pointer("/body/stringValue")?.as_str()?.to_owned(),
            trace_id: text("traceId"),
            span_id: text("spanId"),
            fields: fields.collect(),
        })
    }

    /// The line as OTLP, without a line feed.
    pub fn to_otlp(&self, instance: &str) -> String {
        let number = match self.level.as_str() {
            "ERROR" => 17,
            "WARN" => 13,
            "INFO" => 9,
            "DEBUG" => 5,
            _ => 1,
        };
        let attributes = self.fields.iter();
        let attributes: Vec<_> = attributes
            .map(|(key, value)| json!({"key": key, "value": any(value)}))
            .collect();
        let mut record = json!({
            "timeUnixNano": self.time.as_nanosecond().to_string(),
            "severityNumber": number,
            "severityText": self.level,
            "body": {"stringValue": self.message},
            "attributes": attributes,
        });
        for (name, id) in [("traceId", &self.trace_id), ("spanId", &self.span_id)] {
            if let Some(id) = id {
                record[name] = json!(id);
            }
        }
        let instance = json!({"key": "service.instance.id", "value": {"stringValue": instance}});
        json!({"resourceLogs": [{
            "resource": {"attributes": [instance]},
            "scopeLogs": [{"scope": {"name": self.target}, "logRecords": [record]}],
        }]})
        .to_string()
    }
}

/// A JSON value as OTLP has it.
fn any(value: &Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(flag) => json!({"boolValue": flag}),
        Value::Number(number) if number.is_f64() => json!({"doubleValue": number}),
        Value::Number(number) => json!({"intValue": number.to_string()}),
        Value::String(text) => json!({"stringValue": text}),
        Value::Array(items) => {
            let values: Vec<_> = items.iter().map(any).collect();
            json!({"arrayValue": {"values": values}})
        }
        Value::Object(members) => {
            let values = members.iter();
            let values: Vec<_> = values
                .map(|(key, value)| json!({"key": key, "value": any(value)}))
                .collect();
            json!({"kvlistValue": {"values": values}})
        }
    }
}

/// The other way round.
fn plain(value: &Value) -> Value {
    let Some((kind, value)) = value.as_object().and_then(|any| any.iter().next()) else {
        return Value::Null;
    };
    let items = value.get("values").and_then(Value::as_array);
    let items = items.map(Vec::as_slice).unwrap_or_default();
    match (kind.as_str(), value) {
        ("intValue", Value::String(text)) => text
            .parse::<serde_json::Number>()
            .map_or_else(|_none| value.clone(), Value::Number),
        ("arrayValue", _) => items.iter().map(plain).collect(),
        ("kvlistValue", _) => {
            let members = items.iter().filter_map(|member| {
                let key = member.get("key")?.as_str()?.to_owned();
                Some((key, plain(member.get("value")?)))
            });
            Value::Object(members.collect())
        }
        _ => value.clone(),
    }
}

fn attribute(pair: &KeyValue) -> Value {
    let texts = |values: Vec<Value>| json!({"arrayValue": {"values": values}});
    let value = match &pair.value {
        Attribute::Bool(flag) => json!({"boolValue": flag}),
        Attribute::I64(number) => json!({"intValue": number.to_string()}),
        Attribute::F64(number) => json!({"doubleValue": number}),
        Attribute::Array(Array::Bool(all)) => {
            texts(all.iter().map(|one| any(&json!(one))).collect())
        }
        Attribute::Array(Array::I64(all)) => {
            texts(all.iter().map(|one| any(&json!(one))).collect())
        }
        Attribute::Array(Array::F64(all)) => {
            texts(all.iter().map(|one| any(&json!(one))).collect())
        }
        Attribute::Array(Array::String(all)) => {
            texts(all.iter().map(|one| any(&json!(one.as_str()))).collect())
        }
        // Kinds that are still to come have a text all the same.
        other => json!({"stringValue": other.as_str()}),
    };
    json!({"key": pair.key.as_str(), "value": value})
}

fn attributes<'a>(pairs: impl Iterator<Item = &'a KeyValue>) -> Vec<Value> {
    pairs.map(attribute).collect()
}

pub(crate) fn resource(resource: &Resource) -> Value {
    let pairs = resource
        .iter()
        .map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    let pairs: Vec<_> = pairs.collect();
    json!({"attributes": attributes(pairs.iter())})
}

fn nanos(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or(Duration::ZERO).as_nanos().to_string()
}

/// A span as a line of its own, so that its trace is on it.
pub(crate) fn span_line(resource: &Value, span: &SpanData) -> String {
    let kind = match span.span_kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    };
    let status = match &span.status {
        Status::Unset => json!({}),
        Status::Ok => json!({"code": 1}),
        Status::Error { description } => json!({"code": 2, "message": description}),
    };
    let events: Vec<_> = span
        .events
        .iter()
        .map(|event| {
            json!({
                "timeUnixNano": nanos(event.timestamp),
                "name": event.name,
                "attributes": attributes(event.attributes.iter()),
            })
        })
        .collect();
    let mut told = json!({
        "traceId": span.span_context.trace_id().to_string(),
        "spanId": span.span_context.span_id().to_string(),
        "name": span.name,
        "kind": kind,
        "startTimeUnixNano": nanos(span.start_time),
        "endTimeUnixNano": nanos(span.end_time),
        "attributes": attributes(span.attributes.iter()),
        "events": events,
        "status": status,
    });
    if span.parent_span_id != SpanId::INVALID {
        told["parentSpanId"] = json!(span.parent_span_id.to_string());
    }
    let scope = json!({"name": span.instrumentation_scope.name()});
    let line = json!({"resourceSpans": [{
        "resource": resource,
        "scopeSpans": [{"scope": scope, "spans": [told]}],
    }]});
    format!("{line}\n")
}

/// All metrics as they are now, in one line.
pub(crate) fn metrics_line(metrics: &ResourceMetrics) -> String {
    let scopes: Vec<_> = metrics.scope_metrics().map(scope_metrics).collect();
    let line = json!({"resourceMetrics": [{
        "resource": resource(metrics.resource()),
        "scopeMetrics": scopes,
    }]});
    format!("{line}\n")
}

fn scope_metrics(scope: &ScopeMetrics) -> Value {
    let metrics: Vec<_> = scope.metrics().map(metric).collect();
    json!({"scope": {"name": scope.scope().name()}, "metrics": metrics})
}

fn metric(metric: &Metric) -> Value {
    let mut told = json!({
        "name": metric.name(),
        "description": metric.description(),
        "unit": metric.unit(),
    });
    let (kind, data) = match metric.data() {
        AggregatedMetrics::F64(data) => data_of(data, |value| json!({"asDouble": value})),
        AggregatedMetrics::I64(data) => data_of(data, |value| json!({"asInt": value.to_string()})),
        AggregatedMetrics::U64(data) => data_of(data, |value| json!({"asInt": value.to_string()})),
    };
    told[kind] = data;
    told
}

fn data_of<T: Copy>(data: &MetricData<T>, number: impl Fn(T) -> Value) -> (&'static str, Value) {
    let point =
        |started: Option<SystemTime>, time: SystemTime, mut point: Value, labels: Vec<Value>| {
            if let Some(started) = started {
                point["startTimeUnixNano"] = json!(nanos(started));
            }
            point["timeUnixNano"] = json!(nanos(time));
            point["attributes"] = json!(labels);
            point
        };
    let sum_of = |value: T| {
        let number = number(value);
        let text = number.get("asInt").and_then(Value::as_str);
        let whole = text.and_then(|text| text.parse::<f64>().ok());
        whole.map_or_else(|| number["asDouble"].clone(), |whole| json!(whole))
    };
    match data {
        MetricData::Gauge(gauge) => {
            let (started, time) = (gauge.start_time(), gauge.time());
            let points: Vec<_> = gauge
                .data_points()
                .map(|p| point(started, time, number(p.value()), attributes(p.attributes())))
                .collect();
            ("gauge", json!({"dataPoints": points}))
        }
        MetricData::Sum(sum) => {
            let (started, time) = (Some(sum.start_time()), sum.time());
            let points: Vec<_> = sum
                .data_points()
                .map(|p| point(started, time, number(p.value()), attributes(p.attributes())))
                .collect();
            let temporality = temporality(sum.temporality());
            let is_monotonic = sum.is_monotonic();
            let sum = json!({
                "dataPoints": points,
                "aggregationTemporality": temporality,
                "isMonotonic": is_monotonic,
            });
            ("sum", sum)
        }
        MetricData::Histogram(histogram) => {
            let (started, time) = (Some(histogram.start_time()), histogram.time());
            let points: Vec<_> = histogram
                .data_points()
                .map(|p| {
                    let counts: Vec<_> = p.bucket_counts().map(|count| count.to_string()).collect();
                    let bounds: Vec<f64> = p.bounds().collect();
                    let told = json!({
                        "count": p.count().to_string(),
                        "sum": sum_of(p.sum()),
                        "bucketCounts": counts,
                        "explicitBounds": bounds,
                    });
                    point(started, time, told, attributes(p.attributes()))
                })
                .collect();
            let temporality = temporality(histogram.temporality());
            (
                "histogram",
                json!({"dataPoints": points, "aggregationTemporality": temporality}),
            )
        }
        // None of ours is of that kind.
        MetricData::ExponentialHistogram(_) => ("exponentialHistogram", json!({"dataPoints": []})),
    }
}

fn temporality(temporality: Temporality) -> u8 {
    match temporality {
        Temporality::Delta => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::KeptLine;

    const LINE: &str = r#"{"timestamp":"2026-01-02T03:04:05.678901Z","level":"WARN","target":"tool","message":"two\nlines","tool":"slugify","conversation_id":"c1","took":1.5,"n":18446744073709551615,"nested":{"a":[1,null,true]},"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7"}"#;

    #[test]
    fn a_line_of_a_log_file_is_otlp_with_its_conversation_and_trace() {
        let line = KeptLine::of_file(LINE).unwrap();

        insta::assert_snapshot!(line.to_otlp("up"), @r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.instance.id","value":{"stringValue":"up"}}]},"scopeLogs":[{"logRecords":[{"attributes":[{"key":"conversation_id","value":{"stringValue":"c1"}},{"key":"n","value":{"intValue":"18446744073709551615"}},{"key":"nested","value":{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{"values":[{"intValue":"1"},{},{"boolValue":true}]}}}]}}},{"key":"took","value":{"doubleValue":1.5}},{"key":"tool","value":{"stringValue":"slugify"}}],"body":{"stringValue":"two\nlines"},"severityNumber":13,"severityText":"WARN","spanId":"00f067aa0ba902b7","timeUnixNano":"1767323045678901000","traceId":"4bf92f3577b34da6a3ce929d0e0e4736"}],"scope":{"name":"tool"}}]}]}"#);
    }

    #[test]
    fn a_line_comes_back_from_otlp_as_it_was() {
        let line = KeptLine::of_file(LINE).unwrap();

        assert_eq!(KeptLine::of_otlp(&line.to_otlp("up")), Some(line));
    }

    #[test]
    fn what_is_no_line_is_none() {
        for text in ["", "half", "{}", "[1]", r#"{"resourceLogs":[]}"#] {
            assert_eq!(KeptLine::of_file(text), None);
            assert_eq!(KeptLine::of_otlp(text), None);
        }
    }
}
