//! What proves a version: datasets, tiers, budgets, and the summary of a run.
//! It calls tools over MCP at an endpoint that it is handed, and starts no Runner itself.
