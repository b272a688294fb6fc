//! What a chat points to: named by a URI, fetched once, typed by what it is, and never obeyed.
//! Nothing is fetched from where this machine alone can reach, whatever a name resolves to.

mod address;
mod fetch;
mod https;
mod media;
mod uri;

pub use address::is_public;
pub use fetch::{FetchError, Fetched, Fetcher, SourceError, Sources};
pub use https::{FETCH_MS_MAX, Hosts, Https, HttpsError, InvalidHost};
pub use media::{ATTACHMENT_BYTES_MAX, Media, NotText};
pub use uri::{
    ATTACHMENTS_MAX, BadAttachments, BadUri, HttpsUri, StateDocument, URI_CHARS_MAX, Uri, parse_all,
};
