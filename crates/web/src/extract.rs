//! Reading a request; each refusal is a problem that names the place and the rule.

mod body;
mod json;
mod path;
mod query;
mod strict;

pub use body::RawBody;
pub use json::Json;
pub use path::Path;
pub use query::Query;
