use std::fmt;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use model::nearest::nearest;
use percent_encoding::percent_decode_str;
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use crate::problem::{Problem, kinds};

/// More fields than this are an attack on whoever reads them.
const FIELDS_MAX: usize = 256;

/// The query of a URL. Fields that `T` does not have are refused with the nearest that it has; a
/// field may repeat where `T` has a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        read(parts.uri.query().unwrap_or_default())
            .map(Self)
            .map_err(Problem::from)
    }
}

pub(crate) fn read<T: DeserializeOwned>(query: &str) -> Result<T, QueryError> {
    T::deserialize(Fields {
        groups: group(query)?,
        value: None,
    })
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum QueryError {
    #[error("there are more than {FIELDS_MAX} fields")]
    TooMany,
    #[error("`{0}` is not UTF-8 once decoded")]
    Encoding(String),
    #[error("there is no field `{name}`")]
    Unknown {
        name: String,
        known: &'static [&'static str],
    },
    #[error("the field `{0}` is missing")]
    Missing(&'static str),
    #[error("{message}")]
    Invalid {
        name: Option<String>,
        message: String,
    },
}

impl de::Error for QueryError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Invalid {
            name: None,
            message: message.to_string(),
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        let problem = Self::of(kinds::BAD_QUERY, error.to_string());
        match error {
            QueryError::TooMany | QueryError::Encoding(_) => problem,
            QueryError::Unknown { name, known } => {
                let near = nearest(&name, known.iter().copied());
                problem
                    .with("parameter", name)
                    .nearest(near)
                    .with("known", known)
            }
            QueryError::Missing(name) => problem.with("parameter", name),
            QueryError::Invalid {
                name: Some(name), ..
            } => problem.with("parameter", name),
            QueryError::Invalid { name: None, .. } => problem,
        }
    }
}

/// The values of each field, in the order in which the fields first occur.
type Groups = Vec<(String, Vec<String>)>;

fn group(query: &str) -> Result<Groups, QueryError> {
    let mut groups = Groups::new();
    for (nth, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if nth == FIELDS_MAX {
            return Err(QueryError::TooMany);
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name)?, decode(value)?);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => groups.push((name, vec![value])),
        }
    }
    Ok(groups)
}

fn decode(text: &str) -> Result<String, QueryError> {
    let spaced = text.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_invalid) => Err(QueryError::Encoding(text.to_owned())),
    }
}

struct Fields {
    groups: Groups,
    value: Option<(String, Vec<String>)>,
}

impl<'de> de::Deserializer<'de> for Fields {
    type Error = QueryError;

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, QueryError> {
        self.groups.reverse();
        visitor.visit_map(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, QueryError> {
        match self
            .groups
            .iter()
            .find(|(name, _)| !known.contains(&name.as_str()))
        {
            Some((name, _)) => Err(QueryError::Unknown {
                name: name.clone(),
                known,
            }),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
        match self.groups.first() {
            Some((name, _)) => Err(QueryError::Unknown {
                name: name.clone(),
                known: &[],
            }),
            None => visitor.visit_unit(),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

impl<'de> de::MapAccess<'de> for Fields {
    type Error = QueryError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, QueryError> {
        self.value = self.groups.pop();
        let Some((name, _)) = &self.value else {
            return Ok(None);
        };
        let key: StrDeserializer<'_, QueryError> = name.as_str().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, QueryError> {
        let Some((field, values)) = self.value.take() else {
            return Err(de::Error::custom("a value without a field"));
        };
        seed.deserialize(Values(values))
            .map_err(|error| match error {
                QueryError::Invalid {
                    name: None,
                    message,
                } => QueryError::Invalid {
                    name: Some(field),
                    message,
                },
                other => other,
            })
    }
}

/// All values of one field.
struct Values(Vec<String>);

impl Values {
    fn only(mut self) -> Result<String, QueryError> {
        match self.0.pop() {
            Some(only) if self.0.is_empty() => Ok(only),
            _ => Err(de::Error::custom("this field may occur once")),
        }
    }

    fn parse<T: std::str::FromStr>(self, what: &str) -> Result<T, QueryError> {
        let text = self.only()?;
        match text.parse() {
            Ok(value) => Ok(value),
            Err(_unreadable) => Err(de::Error::custom(format!("`{text}` is not {what}"))),
        }
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident $what:literal;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
            visitor.$visit(self.parse($what)?)
        })*
    };
}

impl<'de> de::Deserializer<'de> for Values {
    type Error = QueryError;

    parsed! {
        deserialize_bool visit_bool "`true` or `false`";
        deserialize_i8 visit_i8 "a whole number in 8 bits";
        deserialize_i16 visit_i16 "a whole number in 16 bits";
        deserialize_i32 visit_i32 "a whole number in 32 bits";
        deserialize_i64 visit_i64 "a whole number in 64 bits";
        deserialize_u8 visit_u8 "a whole number from 0 to 255";
        deserialize_u16 visit_u16 "a whole number from 0 to 65535";
        deserialize_u32 visit_u32 "a whole number of 0 or more in 32 bits";
        deserialize_u64 visit_u64 "a whole number of 0 or more in 64 bits";
        deserialize_f32 visit_f32 "a number";
        deserialize_f64 visit_f64 "a number";
        deserialize_char visit_char "one character";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
        visitor.visit_string(self.only()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, QueryError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
        visitor.visit_seq(Items(self.0.into_iter()))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, QueryError> {
        let text: de::value::StringDeserializer<QueryError> = self.only()?.into_deserializer();
        de::Deserializer::deserialize_enum(text, name, variants, visitor)
    }

    forward_to_deserialize_any! {
        i128 u128 str string bytes byte_buf unit unit_struct tuple tuple_struct map struct
        identifier ignored_any
    }
}

struct Items(std::vec::IntoIter<String>);

impl<'de> SeqAccess<'de> for Items {
    type Error = QueryError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, QueryError> {
        self.0
            .next()
            .map(|value| seed.deserialize(Values(vec![value])))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paging::{Limit, Offset};
    use crate::timestamp::Timestamp;
    use serde::Deserialize;
    use std::fmt::Write;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Filter {
        #[serde(default)]
        limit: Limit,
        #[serde(default)]
        offset: Offset,
        since: Option<Timestamp>,
        #[serde(default, rename = "type")]
        types: Vec<String>,
        is_stable: Option<bool>,
        order: Option<Order>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Order {
        Newest,
        Oldest,
    }

    #[test]
    fn every_kind_of_field_is_read() {
        let read: Filter = read(
            "type=a%20b&limit=7&type=c+d&since=2026-01-02T03:04:05+02:00&is_stable=true&order=oldest",
        )
        .unwrap();
        assert_eq!(
            read,
            Filter {
                limit: Limit::try_from(7).unwrap(),
                offset: Offset::default(),
                since: Some("2026-01-02T01:04:05Z".parse().unwrap()),
                types: vec!["a b".to_owned(), "c d".to_owned()],
                is_stable: Some(true),
                order: Some(Order::Oldest),
            }
        );
    }

    #[test]
    fn each_way_to_be_wrong_is_named_with_its_field() {
        let mut told = String::new();
        for query in [
            "limti=1",
            "limit=-1",
            "limit=0",
            "limit=501",
            "limit=ten",
            "limit=1&limit=2",
            "offset=-1",
            "since=2026-01-02T03:04:05",
            "since=yesterday",
            "is_stable=yes",
            "order=random",
            "type=%ff",
            "=",
            &"type=a&".repeat(300),
        ] {
            let problem = Problem::from(read::<Filter>(query).unwrap_err());
            let field = problem.member("parameter").cloned().unwrap_or_default();
            writeln!(told, "{field}: {}", problem.detail()).unwrap();
        }
        insta::assert_snapshot!(told, @r#"
        "limti": there is no field `limti`
        "limit": a limit is 1 to 500, not -1
        "limit": a limit is 1 to 500, not 0
        "limit": a limit is 1 to 500, not 501
        "limit": `ten` is not a whole number in 64 bits
        "limit": this field may occur once
        "offset": an offset is 0 or more, not -1
        "since": `2026-01-02T03:04:05` is not an RFC 3339 date and time with a zone, such as 2026-01-02T03:04:05Z or 2026-01-02T04:04:05%2B01:00
        "since": `yesterday` is not an RFC 3339 date and time with a zone, such as 2026-01-02T03:04:05Z or 2026-01-02T04:04:05%2B01:00
        "is_stable": `yes` is not `true` or `false`
        "order": unknown variant `random`, expected `newest` or `oldest`
        null: `%ff` is not UTF-8 once decoded
        "": there is no field ``
        null: there are more than 256 fields
        "#);
    }
}
