//! The registry of versions over HTTP. It changes nothing.
