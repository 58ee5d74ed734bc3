//! The SDK's HTTP client, over brownout's network instead of sockets and TLS.
//!
//! It repeats what `aws-smithy-http-client` does with hyper's client (whose pool it uses as it stands):
//! connect and read timeouts, connection poisoning, and the classes of its errors, since the SDK's retry
//! classifiers go by them. A read timeout runs to the head of the answer; the body is the SDK's own
//! stalled-stream protection's business.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use brownout_mocks::transport::{ClientStream, Network};
use http::Uri;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

/// The HTTP client of one brownout client; its connections are shared by all services, as with one `SdkConfig`.
#[derive(Debug)]
pub(super) struct Http {
    network: Network,
    connector: OnceLock<SharedHttpConnector>,
}

impl Http {
    pub(super) fn new(network: Network) -> Self {
        Self { network, connector: OnceLock::new() }
    }
}

impl HttpClient for Http {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        // All operations of a client have the same timeouts, so the first to ask settles them.
        self.connector.get_or_init(|| SharedHttpConnector::new(Connector::new(self.network.clone(), settings))).clone()
    }
}

#[derive(Debug)]
struct Connector {
    client: Client<Dial, SdkBody>,
    read_timeout: Option<Duration>,
}

impl Connector {
    fn new(network: Network, settings: &HttpConnectorSettings) -> Self {
        let dial = Dial { network, timeout: settings.connect_timeout() };
        // Without both timers hyper's pool would read the machine's clock.
        let client =
            Client::builder(TokioExecutor::new()).timer(TokioTimer::new()).pool_timer(TokioTimer::new()).build(dial);
        Self { client, read_timeout: settings.read_timeout() }
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let connection = capture_connection(&mut request);
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || metadata(&connection));
        }
        let (answer, limit) = (self.client.request(request), self.read_timeout);
        HttpConnectorFuture::new(async move {
            let answer =
                within(limit, "HTTP read", async { answer.await.map_err(BoxError::from) }).await.map_err(classify)?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|e| ConnectorError::other(e.into(), None))
        })
    }
}

/// Lets the SDK forbid the reuse of a connection on which a transient error came.
fn metadata(connection: &CaptureConnection) -> Option<ConnectionMetadata> {
    connection.connection_metadata().as_ref()?;
    let connection = connection.clone();
    let poison = move || {
        if let Some(connected) = connection.connection_metadata().as_ref() {
            connected.poison();
        }
    };
    Some(ConnectionMetadata::builder().proxied(false).poison_fn(poison).build())
}

/// Opens connections, within the connect timeout.
#[derive(Debug, Clone)]
struct Dial {
    network: Network,
    timeout: Option<Duration>,
}

impl tower_service::Service<Uri> for Dial {
    type Response = TokioIo<ClientStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let Self { network, timeout } = self.clone();
        Box::pin(within(timeout, "HTTP connect", async move { Ok(TokioIo::new(network.connect().await?)) }))
    }
}

async fn within<T>(
    limit: Option<Duration>,
    what: &'static str,
    future: impl Future<Output = Result<T, BoxError>>,
) -> Result<T, BoxError> {
    match limit {
        Some(limit) => {
            tokio::time::timeout(limit, future).await.unwrap_or_else(|_| Err(TimedOut { what, limit }.into()))
        }
        None => future.await,
    }
}

/// A timeout of the HTTP client.
#[derive(Debug)]
struct TimedOut {
    what: &'static str,
    limit: Duration,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} timeout occurred after {:?}", self.what, self.limit)
    }
}

impl Error for TimedOut {}

/// The class of an error of hyper's client, as `aws-smithy-http-client` tells them apart.
fn classify(error: BoxError) -> ConnectorError {
    if find::<TimedOut>(error.as_ref()).is_some() {
        return ConnectorError::timeout(error);
    }
    let io = find::<std::io::Error>(error.as_ref()).is_some();
    if let Some(hyper) = find::<hyper::Error>(error.as_ref()) {
        return if hyper.is_timeout() {
            ConnectorError::timeout(error)
        } else if hyper.is_user() {
            ConnectorError::user(error)
        } else if hyper.is_closed() || hyper.is_canceled() || io {
            ConnectorError::io(error)
        } else if hyper.is_incomplete_message() {
            ConnectorError::other(error, Some(ErrorKind::TransientError))
        } else if find::<h2::Error>(hyper).is_some_and(not_looked_at) {
            ConnectorError::io(error)
        } else {
            ConnectorError::other(error, None)
        };
    }
    let connect = find::<hyper_util::client::legacy::Error>(error.as_ref()).is_some_and(|e| e.is_connect() || io);
    if connect { ConnectorError::io(error) } else { ConnectorError::other(error, None) }
}

/// Whether the server said that it did not look at the request.
fn not_looked_at(error: &h2::Error) -> bool {
    error.is_go_away() || (error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM))
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |&e| e.source()).find_map(|e| e.downcast_ref())
}
