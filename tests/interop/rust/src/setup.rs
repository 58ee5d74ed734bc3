//! What all clients have in common: the settings of the environment, and HTTP without TLS.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::Builder;
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// The settings of one client.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    /// What the SDK made of the environment.
    pub(crate) shared: SdkConfig,
    case: String,
}

impl Setup {
    /// Reads the environment as every application of the SDK does.
    pub(crate) async fn load() -> Self {
        let http = Builder::new().build_http();
        let shared = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
        Self { shared, case: String::new() }
    }

    /// The same for a client of its own, whose call names its case.
    pub(crate) fn named(&self, case: &str) -> Self {
        Self { case: case.to_owned(), ..self.clone() }
    }

    /// A retry quota of its own for each case: the SDK's is shared by all clients of a service in a process.
    pub(crate) fn partition(&self) -> RetryPartition {
        RetryPartition::new(format!("brownout-{}", self.case))
    }

    /// What writes the case into the head of the request.
    pub(crate) fn naming(&self) -> Naming {
        Naming(self.case.clone())
    }
}

/// Names the case of a call in a header.
#[derive(Debug)]
pub(crate) struct Naming(String);

impl Intercept for Naming {
    fn name(&self) -> &'static str {
        "brownout-case"
    }

    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if !self.0.is_empty() {
            context.request_mut().headers_mut().insert("brownout-case", self.0.clone());
        }
        Ok(())
    }
}
