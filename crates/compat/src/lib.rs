//! Whether a change of tools or of state breaks who used them, and which version number that makes.
//! It compares two interfaces and knows neither where they come from nor what is done with the verdict.
