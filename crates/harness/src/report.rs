//! A run as people and other programs read it.

mod comparison;
mod html;
mod junit;
mod page;
mod plot;
mod text;

pub use comparison::{Comparison, Pair, comparison_html};
pub use html::html;
pub use junit::junit;
pub use text::text;
