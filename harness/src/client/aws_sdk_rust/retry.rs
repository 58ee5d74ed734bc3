//! The SDK's retry strategy, its draws repeatable; and the call's tag, which both need.

use aws_smithy_runtime::client::retries::strategy::StandardRetryStrategy;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextMut, InterceptorContext,
};
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::retries::{RequestAttempts, RetryStrategy, ShouldAttempt};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use brownout_mocks::random::{Key, Seed};
use brownout_mocks::request::{CALL_HEADER, CallTag};

use super::operation::Input;

/// The SDK's own strategy, whose jitter hangs on (seed, trial, service, client, operation, call, attempt).
///
/// The SDK draws from a generator that all clients of a thread share: one client more, or another order
/// of arrivals, would change everybody's pauses. So the generator is seeded anew before each decision;
/// the decision itself is the SDK's.
#[derive(Debug)]
pub(super) struct Repeatable {
    sdk: StandardRetryStrategy,
    seed: Seed,
    stream: String,
}

impl Repeatable {
    pub(super) fn new(seed: Seed, service: &str) -> Self {
        Self { sdk: StandardRetryStrategy::new(), seed, stream: format!("aws-sdk-rust jitter {service}") }
    }

    fn reseed(&self, cfg: &ConfigBag) {
        let Some(Tag(tag)) = cfg.load::<Tag>() else { return };
        let mut stream = self.seed.stream(Key {
            step: &self.stream,
            client: tag.client,
            operation: cfg.load::<Metadata>().map_or("", Metadata::name),
            call: tag.ordinal,
            attempt: cfg.load::<RequestAttempts>().map_or(0, RequestAttempts::attempts),
        });
        fastrand::seed(stream.bits());
    }
}

impl RetryStrategy for Repeatable {
    fn should_attempt_initial_request(
        &self,
        components: &RuntimeComponents,
        cfg: &ConfigBag,
    ) -> Result<ShouldAttempt, BoxError> {
        self.sdk.should_attempt_initial_request(components, cfg)
    }

    fn should_attempt_retry(
        &self,
        context: &InterceptorContext,
        components: &RuntimeComponents,
        cfg: &ConfigBag,
    ) -> Result<ShouldAttempt, BoxError> {
        if context.is_failed() {
            self.reseed(cfg);
        }
        self.sdk.should_attempt_retry(context, components, cfg)
    }
}

/// The call's tag, in the SDK's bag of settings for one call.
#[derive(Debug, Clone, Copy)]
struct Tag(CallTag);

impl Storable for Tag {
    type Storer = StoreReplace<Self>;
}

/// Takes the tag from the input, and adds it to each attempt after signing: the endpoint may know it, the
/// signature need not.
#[derive(Debug)]
pub(super) struct TagInterceptor;

#[dyn_dispatch_hint]
impl Intercept for TagInterceptor {
    fn name(&self) -> &'static str {
        "BrownoutCallTag"
    }

    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(input) = context.input().downcast_ref::<Input>() {
            let tag = Tag(input.tag);
            cfg.interceptor_state().store_put(tag);
        }
        Ok(())
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(Tag(tag)) = cfg.load::<Tag>() {
            let value = tag.to_value();
            context.request_mut().headers_mut().insert(CALL_HEADER, value);
        }
        Ok(())
    }
}
