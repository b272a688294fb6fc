//! A vault as its users see it, over a folder and over a server that speaks S3.

mod conformance;
mod crash;
mod evals;
mod faults;
mod outbox;
mod proxy;
mod s3_server;
