//! One operation, as a generated service crate would have it: how its request is written, its answer read.

use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::retries::classifiers::{AwsErrorCodeClassifier, TRANSIENT_ERRORS};
use aws_runtime::service_clock_skew::ServiceClockSkewClassifier;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{ModeledAsRetryableClassifier, TransientErrorClassifier};
use aws_smithy_runtime::client::stalled_stream_protection::StalledStreamProtectionInterceptor;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::interceptors::context::{BeforeTransmitInterceptorContextMut, Error, Output};
use aws_smithy_runtime_api::client::interceptors::{Intercept, SharedInterceptor, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_runtime_api::client::runtime_plugin::{SharedRuntimePlugin, StaticRuntimePlugin};
use aws_smithy_runtime_api::client::ser_de::DeserializeResponse;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{ConfigBag, Layer};
use aws_smithy_types::retry::{RetryConfig, RetrySpec};
use brownout_mocks::protocol::{EVENT_STREAM, Protocol};
use brownout_mocks::request::CallTag;
use brownout_mocks::service::Service;
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Request};

use super::error::{ServiceError, is_error_document};

/// What an operation is asked with.
#[derive(Debug)]
pub(super) struct Input {
    /// Method, path, headers and body.
    pub(super) request: Request<Bytes>,
    /// Which call it is.
    pub(super) tag: CallTag,
}

/// A good answer. Its body may still be on its way: so are those of streaming operations.
#[derive(Debug)]
pub(super) struct Answer {
    /// HTTP status.
    pub(super) status: u16,
    /// The body.
    pub(super) body: SdkBody,
    /// Whether the body is a stream of events.
    pub(super) events: bool,
}

/// An operation that can be invoked.
pub(super) type Invocable = Operation<Input, Answer, ServiceError>;

/// Builds an operation over what its service's client has in common (`client`).
pub(super) fn operation(service: &dyn Service, name: &str, url: &str, client: SharedRuntimePlugin) -> Invocable {
    let reader = Reader {
        service: service.id(),
        protocol: service.protocols().first().copied().unwrap_or(Protocol::RestJson1),
        streaming: (service.id(), name) == ("s3", "GetObject") || !service.stream_exceptions(name).is_empty(),
    };
    Operation::builder()
        .service_name(service.id())
        .operation_name(name.to_owned())
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url(url)
        .serializer(write)
        .deserializer_impl::<Answer, ServiceError>(reader)
        .runtime_plugin(client)
        .runtime_plugin(plugin(service, name))
        .build()
}

/// Classifiers, interceptors and signing options that generated code adds per operation.
fn plugin(service: &dyn Service, name: &str) -> StaticRuntimePlugin {
    let s3 = service.id() == "s3";
    let mut signing_options = SigningOptions::default();
    signing_options.double_uri_encode = !s3;
    signing_options.normalize_uri_path = !s3;
    signing_options.content_sha256_header = s3;
    let mut config = Layer::new("brownout operation");
    config.store_put(SigV4OperationSigningConfig { signing_options, ..SigV4OperationSigningConfig::default() });

    let mut transient = TRANSIENT_ERRORS.to_vec();
    match (service.id(), name) {
        ("s3", _) => transient.push("InternalError"),
        ("sts", "AssumeRoleWithWebIdentity") => transient.push("IDPCommunicationError"),
        _ => {}
    }
    let mut components = RuntimeComponentsBuilder::new("brownout operation")
        .with_interceptor(SharedInterceptor::permanent(StalledStreamProtectionInterceptor::default()))
        .with_retry_classifier(TransientErrorClassifier::<ServiceError>::new())
        .with_retry_classifier(ModeledAsRetryableClassifier::<ServiceError>::new())
        .with_retry_classifier(AwsErrorCodeClassifier::<ServiceError>::builder().transient_errors(transient).build())
        .with_retry_classifier(ServiceClockSkewClassifier::<ServiceError>::new());
    if (service.id(), name) == ("sqs", "ReceiveMessage") {
        components.push_interceptor(SharedInterceptor::permanent(LongPolling));
    }
    StaticRuntimePlugin::new().with_config(config.freeze()).with_runtime_components(components)
}

fn write(input: Input) -> Result<HttpRequest, BoxError> {
    let mut request = input.request;
    let length = request.body().len();
    if length > 0 {
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(HttpRequest::try_from(request.map(SdkBody::from))?)
}

/// Reads answers as generated deserializers do.
#[derive(Debug)]
struct Reader {
    service: &'static str,
    protocol: Protocol,
    /// The body of a good answer is handed to the caller unread, so that it is no longer retried.
    streaming: bool,
}

impl DeserializeResponse for Reader {
    fn deserialize_streaming_with_config(
        &self,
        response: &mut HttpResponse,
        _: &ConfigBag,
    ) -> Option<Result<Output, OrchestratorError<Error>>> {
        if !self.streaming || !response.status().is_success() {
            return None;
        }
        let events = response.headers().get("content-type") == Some(EVENT_STREAM);
        let body = std::mem::replace(response.body_mut(), SdkBody::taken());
        Some(Ok(Output::erase(Answer { status: response.status().as_u16(), body, events })))
    }

    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        _: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        let status = response.status();
        let body = Bytes::copy_from_slice(response.body().bytes().unwrap_or_default());
        let hidden = self.protocol == Protocol::RestXml && is_error_document(&body);
        if status.is_success() && !hidden {
            let body = SdkBody::from(body);
            return Ok(Output::erase(Answer { status: status.as_u16(), body, events: false }));
        }
        let error = ServiceError::read(self.service, self.protocol, status.as_u16(), response.headers(), &body);
        Err(OrchestratorError::operation(Error::erase(error)))
    }
}

/// Under spec 2.1 a long poll that may not be retried still waits one backoff before it fails.
#[derive(Debug)]
struct LongPolling;

#[dyn_dispatch_hint]
impl Intercept for LongPolling {
    fn name(&self) -> &'static str {
        "LongPolling"
    }

    fn modify_before_retry_loop(
        &self,
        _: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(config) = cfg.load::<RetryConfig>().cloned() else { return Ok(()) };
        if let Some(spec) = config.retry_spec().filter(|s| s.is_at_least(RetrySpec::V2_1)).cloned() {
            cfg.interceptor_state().store_put(config.with_retry_spec(spec.with_long_polling(true)));
        }
        Ok(())
    }
}
