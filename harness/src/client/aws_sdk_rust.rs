//! The client `aws-sdk-rust`: the AWS SDK for Rust's own runtime, playing any operation of any signed service.
//!
//! There is no service crate behind it. Retry strategies, classifiers, interceptors, signing,
//! timeouts, connection pool and poisoning are the SDK's own (`aws-smithy-runtime`, `aws-runtime`), put
//! together as generated service crates put them together. Of ours are the writing of requests
//! ([`super::request`]), the reading of error codes, and the connections, so that it runs in virtual time.
//!
//! Three things differ from an SDK that nobody configured, each on purpose:
//! - it has a read timeout ([`READ_TIMEOUT`]), since without one a black hole holds it for ever;
//! - its draws (jitter, invocation ids) hang on seed, trial and call alone;
//! - its retry quota and rate limiter are its own, not shared by all clients of the process.
//!
//! `GetObject` of S3 hands its caller a stream, as in the SDK: an answer that breaks in its body is not
//! retried, and the call fails. So does a stream of events that ends with an exception.
//!
//! | module | owns |
//! |---|---|
//! | `options` | what can be set |
//! | `plugin` | what the operations of one service share |
//! | `operation` | one operation: classifiers, writing, reading |
//! | `retry` | the retry strategy's draws, the call's tag |
//! | `connector` | hyper's client over brownout's network |
//! | `error` | codes of error answers |

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_runtime::invocation_id::{DefaultInvocationIdGenerator, SharedInvocationIdGenerator};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_plugin::SharedRuntimePlugin;
use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;
use brownout_mocks::journal::Outcome;
use brownout_mocks::random::Key;
use brownout_mocks::service::Service;
use brownout_mocks::transport::Network;
use bytes::Bytes;
use http_body_util::BodyExt as _;

use super::answer::read_stream;
use super::{BoxFuture, Call, CallClient, Heard, Setting, request};

mod connector;
mod error;
mod operation;
mod options;
mod plugin;
mod retry;
#[cfg(test)]
mod tests;

pub use options::{KEYS, Mode, Options, READ_TIMEOUT, Spec};

use error::ServiceError;
use operation::{Answer, Input, Invocable};
use plugin::Shared;

/// The version of `aws-smithy-runtime` that this client is.
pub const VERSION: &str = "aws-smithy-runtime 1.16";

/// One SDK client per service, made on first use; all share connections and credentials.
#[derive(Debug)]
pub struct AwsSdkRust {
    setting: Setting,
    options: Options,
    url: String,
    shared: Shared,
    made: Mutex<Made>,
}

#[derive(Debug, Default)]
struct Made {
    clients: BTreeMap<&'static str, SharedRuntimePlugin>,
    operations: BTreeMap<(&'static str, String), Arc<Invocable>>,
}

impl AwsSdkRust {
    /// The client of one play.
    pub fn start(setting: &Setting, options: Options) -> Self {
        let url = match &setting.network {
            Network::Memory(_) => "http://localhost:4566".to_owned(),
            Network::Tcp(address) | Network::TcpHttp2(address) => format!("http://{address}"),
            Network::Tls(address, ..) => format!("https://{address}"),
        };
        let ids = setting.seed.named("aws-sdk-rust invocation ids", setting.client).bits();
        let shared = Shared {
            http: SharedHttpClient::new(connector::Http::new(setting.network.clone())),
            invocation_ids: SharedInvocationIdGenerator::new(DefaultInvocationIdGenerator::with_seed(ids)),
        };
        Self { setting: setting.clone(), options, url, shared, made: Mutex::default() }
    }

    fn operation(&self, service: &'static dyn Service, name: &str) -> Arc<Invocable> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = made.operations.get(&(service.id(), name.to_owned())) {
            return Arc::clone(known);
        }
        let client = made
            .clients
            .entry(service.id())
            .or_insert_with(|| plugin::client(&self.setting, &self.options, &self.shared, service))
            .clone();
        let operation = Arc::new(operation::operation(service, name, &self.url, client));
        made.operations.insert((service.id(), name.to_owned()), Arc::clone(&operation));
        operation
    }

    /// The idempotency token of a call: the same for all its attempts, another for each call.
    fn token(&self, call: &Call) -> Option<String> {
        call.service.token_member(&call.operation)?;
        let key = Key {
            step: "idempotency token",
            client: call.tag.client,
            operation: &call.operation,
            call: call.tag.ordinal,
            attempt: 0,
        };
        Some(self.setting.seed.stream(key).uuid())
    }
}

impl CallClient for AwsSdkRust {
    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Heard> {
        Box::pin(async move {
            let token = self.token(call);
            let built = request::build(call.service, &call.operation, &call.params, call.tag.client, token.as_deref());
            let request = match built {
                Ok(request) => request,
                Err(mistake) => return unsent(&mistake.to_string()),
            };
            let operation = self.operation(call.service, &call.operation);
            match operation.invoke(Input { request, tag: call.tag }).await {
                Ok(answer) => good(answer).await,
                Err(error) => bad(&error),
            }
        })
    }
}

async fn good(answer: Answer) -> Heard {
    let status = Some(answer.status);
    let Ok(body) = answer.body.collect().await else {
        return Heard { outcome: Outcome::Error, code: None, status, body: Bytes::new() };
    };
    let body = body.to_bytes();
    match read_stream(answer.events, &body) {
        Ok(()) => Heard { outcome: Outcome::Success, code: None, status, body },
        Err(code) => Heard { outcome: Outcome::Error, code, status, body },
    }
}

fn bad(error: &SdkError<ServiceError, HttpResponse>) -> Heard {
    let code = match error {
        SdkError::ServiceError(answer) => answer.err().code().map(str::to_owned),
        SdkError::ConstructionFailure(_) => return unsent(&format!("{error:?}")),
        _ => None,
    };
    let raw = error.raw_response();
    let body = raw.and_then(|r| r.body().bytes()).map(Bytes::copy_from_slice).unwrap_or_default();
    Heard { outcome: Outcome::Error, code, status: raw.map(|r| r.status().as_u16()), body }
}

/// The SDK's word for a call that it could not even send.
fn unsent(why: &str) -> Heard {
    Heard {
        outcome: Outcome::Error,
        code: Some("ConstructionFailure".into()),
        status: None,
        body: Bytes::from(why.to_owned()),
    }
}
