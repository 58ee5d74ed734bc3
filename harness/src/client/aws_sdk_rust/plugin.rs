//! What all operations of one service's client share, as its generated `Config` would set it up.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::invocation_id::{InvocationIdInterceptor, SharedInvocationIdGenerator};
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::service_clock_skew::ServiceClockSkewInterceptor;
use aws_runtime::user_agent::{ApiMetadata, AwsUserAgent, UserAgentInterceptor};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime::client::http::connection_poisoning::ConnectionPoisoningInterceptor;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::retries::classifiers::HttpStatusCodeClassifier;
use aws_smithy_runtime::client::retries::{ClientRateLimiter, RetryPartition, TokenBucket};
use aws_smithy_runtime::client::sdk_feature::SmithySdkFeature;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_runtime_api::client::retries::SharedRetryStrategy;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::{SharedRuntimePlugin, StaticRuntimePlugin};
use aws_smithy_types::config_bag::Layer;
use aws_types::SigningName;
use aws_types::os_shim_internal::Env;
use aws_types::region::{Region, SigningRegion};
use brownout_mocks::clock::Clock;
use brownout_mocks::request::access_key;
use brownout_mocks::service::Service;

use super::options::{Mode, Options, Spec};
use super::retry::{Repeatable, TagInterceptor};
use crate::client::Setting;

/// The region that brownout's clients sign for.
const REGION: &str = "us-east-1";

/// The parts that outlive one service: a client has one HTTP client and one source of invocation ids.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) http: SharedHttpClient,
    pub(super) invocation_ids: SharedInvocationIdGenerator,
}

/// The client of one service.
pub(super) fn client(
    setting: &Setting,
    options: &Options,
    shared: &Shared,
    service: &dyn Service,
) -> SharedRuntimePlugin {
    let plugin = StaticRuntimePlugin::new()
        .with_config(config(setting, options, shared, service).freeze())
        .with_runtime_components(components(setting, shared, service));
    SharedRuntimePlugin::new(plugin)
}

fn config(setting: &Setting, options: &Options, shared: &Shared, service: &dyn Service) -> Layer {
    let mut config = Layer::new("brownout client");
    config.store_put(options.retry_config(service.id()));
    config.store_put(options.timeout_config());
    config.store_put(partition(setting, options, service));
    config.store_put(shared.invocation_ids.clone());
    // An agent of our own, since the SDK's default would read the environment, which no journal may show.
    let agent = AwsUserAgent::new_from_environment(Env::from_slice(&[]), ApiMetadata::new(service.id(), VERSION));
    config.store_put(agent);
    config.store_append(match options.mode {
        Mode::Standard => SmithySdkFeature::RetryModeStandard,
        Mode::Adaptive => SmithySdkFeature::RetryModeAdaptive,
    });
    let name = service.signing_names().first().copied().unwrap_or("execute-api");
    config.store_put(SigningName::from_static(name));
    config.store_put(Region::new(REGION));
    config.store_put(SigningRegion::from(Region::new(REGION)));
    config.store_put(AuthSchemeOptionResolverParams::new(()));
    config
}

/// Where the user agent has the service crate's version: there is none, so it is brownout's.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Retry quota and rate limiter of this client alone.
///
/// The SDK keeps those of partitions with a name in process-wide maps, for ever: trials would spend each
/// other's quota, and a long run would grow. A custom partition owns its own, and they go with it.
fn partition(setting: &Setting, options: &Options, service: &dyn Service) -> RetryPartition {
    // The costs that the SDK's `token_bucket_for_spec` chooses (guidance 1.4).
    let bucket = match options.spec {
        Spec::V2_0 => TokenBucket::default(),
        Spec::V2_1 => TokenBucket::builder().retry_cost(14).throttling_retry_cost(5).timeout_retry_cost(14).build(),
    };
    let now = setting.clock.date().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    RetryPartition::custom(format!("{}-{REGION}", service.id()))
        .token_bucket(bucket)
        .client_rate_limiter(ClientRateLimiter::new(now.as_secs_f64()))
        .build()
}

fn components(setting: &Setting, shared: &Shared, service: &dyn Service) -> RuntimeComponentsBuilder {
    let keys = Credentials::from_keys(access_key(setting.client), "brownout", None);
    RuntimeComponentsBuilder::new("brownout client")
        .with_http_client(Some(shared.http.clone()))
        .with_sleep_impl(Some(SharedAsyncSleep::new(TokioSleep::new())))
        .with_time_source(Some(RunTime(setting.clock.clone())))
        .with_retry_strategy(Some(SharedRetryStrategy::new(Repeatable::new(setting.seed, service.id()))))
        .with_retry_classifier(HttpStatusCodeClassifier::default())
        .with_identity_cache(Some(IdentityCache::no_cache()))
        .with_identity_resolver(SCHEME_ID, SharedCredentialsProvider::new(keys))
        .with_auth_scheme(SigV4AuthScheme::new())
        .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID])))
        .with_interceptor(SharedInterceptor::permanent(TagInterceptor))
        .with_interceptor(SharedInterceptor::permanent(ConnectionPoisoningInterceptor::new()))
        .with_interceptor(SharedInterceptor::permanent(ServiceClockSkewInterceptor::new()))
        .with_interceptor(SharedInterceptor::permanent(RequestInfoInterceptor::new()))
        .with_interceptor(SharedInterceptor::permanent(UserAgentInterceptor::new()))
        .with_interceptor(SharedInterceptor::permanent(InvocationIdInterceptor::new()))
}

/// The run's clock, as the SDK asks for the date: signatures, skew, the adaptive limiter.
#[derive(Debug)]
struct RunTime(Clock);

impl TimeSource for RunTime {
    fn now(&self) -> SystemTime {
        self.0.date()
    }
}
