//! The client that speaks to the server.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_s3::{
    Client, Config,
    config::{
        BehaviorVersion, Region, RequestChecksumCalculation, ResponseChecksumValidation,
        StalledStreamProtectionConfig, retry::RetryConfig, timeout::TimeoutConfig,
    },
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};

use super::S3Settings;

const CONNECT_MS_MAX: u64 = 3_000;

/// Retries, time limits and checksums are the store's own: what the client would do of them is
/// turned off, so that there is one place that decides.
pub(super) fn build(settings: &S3Settings) -> Client {
    let credentials = &settings.credentials;
    let credentials = Credentials::new(
        &credentials.access_key_id,
        &credentials.secret_access_key,
        credentials.session_token.clone(),
        None,
        "settings",
    );
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(CONNECT_MS_MAX))
        .build();
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(settings.region.clone()))
        .credentials_provider(credentials)
        .force_path_style(settings.is_path_style)
        .http_client(http)
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    config.set_endpoint_url(settings.endpoint.clone());
    Client::from_conf(config.build())
}
