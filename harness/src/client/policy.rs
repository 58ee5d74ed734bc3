//! A client that carries any retry policy: the trait for a Rust user's own, and the client around it.
//!
//! Implement [`RetryPolicy`] and the same policy can be played against every scenario in virtual time,
//! judged, property-tested and benched.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use brownout_mocks::journal::Outcome;
use brownout_mocks::protocol::{EVENT_STREAM, element};
use brownout_mocks::random::Stream;
use brownout_mocks::request::{CALL_HEADER, access_key};
use brownout_mocks::service::{Class, Service};
use brownout_mocks::transport::Network;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::answer::{Failure, read_stream};
use super::habits::Habits;
use super::{BoxFuture, Call, CallClient, Heard, Setting, request};

/// What a policy knows when it decides.
#[derive(Debug, Clone, Copy)]
pub struct Failed<'a> {
    /// The service that was asked.
    pub service: &'a str,
    /// The operation.
    pub operation: &'a str,
    /// Number of the attempt that failed, from 1.
    pub attempt: u32,
    /// The pause before it, if it was a retry.
    pub pause: Option<Duration>,
    /// What went wrong.
    pub failure: &'a Failure,
}

/// A retry policy: one value per client, shared by all of its calls.
pub trait RetryPolicy: Send {
    /// After a failed attempt: the pause before the next one, or `None` to give up.
    fn next_pause(&mut self, failed: Failed<'_>, random: &mut Stream) -> Option<Duration>;

    /// A call succeeded; `pause` and `class` are those of its last retry, if there was one.
    fn succeeded(&mut self, _retried_after: Option<&Failure>) {}

    /// Whether a call may be sent, `now` since time zero: a circuit breaker refuses some.
    fn admits(&mut self, _service: &str, _operation: &str, _now: Duration) -> bool {
        true
    }

    /// A call that was admitted is over, with its last failure if it failed.
    fn ended(&mut self, _service: &str, _operation: &str, _failure: Option<&Failure>, _now: Duration) {}

    /// How long an attempt has to wait before it may be sent, retries and first attempts alike: adaptive mode's rate
    /// limiter holds some back.
    fn before_attempt(&mut self, _attempt: u32, _now: Duration) -> Duration {
        Duration::ZERO
    }

    /// An attempt is over, with its failure if it failed.
    fn attempted(&mut self, _now: Duration, _failure: Option<&Failure>) {}

    /// A pause before the caller hears of the last failure. There should be none.
    fn before_giving_up(&self, _failure: &Failure) -> Duration {
        Duration::ZERO
    }

    /// What it does around its retries.
    fn habits(&self) -> Habits {
        Habits::default()
    }

    /// What it says of itself in `User-Agent`: AWS SDKs name their retry mode there.
    fn user_agent(&self) -> Option<&'static str> {
        None
    }

    /// How long one attempt may take.
    fn attempt_timeout(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// Attempts per call, as told in `amz-sdk-request`.
    fn attempts_max(&self, _service: &str) -> Option<u32> {
        None
    }
}

/// The client around a policy.
pub struct PolicyClient {
    http: Client<Network, Full<Bytes>>,
    setting: Setting,
    inner: Mutex<Inner>,
}

struct Inner {
    policy: Box<dyn RetryPolicy>,
    random: Stream,
    ids: Stream,
}

impl std::fmt::Debug for PolicyClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PolicyClient").field("setting", &self.setting).finish_non_exhaustive()
    }
}

enum Attempted {
    Answered { status: u16, body: Bytes, events: bool },
    Failed { failure: Failure, body: Bytes },
}

impl PolicyClient {
    /// A client with this policy.
    pub fn new(setting: &Setting, policy: Box<dyn RetryPolicy>) -> Self {
        Self::seeded(setting, policy, setting.seed.named("client", setting.client))
    }

    /// A client with this policy, whose pauses are drawn from `random`.
    pub fn seeded(setting: &Setting, policy: Box<dyn RetryPolicy>, random: Stream) -> Self {
        let http = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            // A library that sends a request again by itself would hide retries from the policy.
            .retry_canceled_requests(false)
            .build(setting.network.clone());
        let inner = Inner { policy, random, ids: setting.seed.named("invocation", setting.client) };
        Self { http, setting: setting.clone(), inner: Mutex::new(inner) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn attempt(&self, call: &Call, request: http::Request<Bytes>, timeout: Duration) -> Attempted {
        let exchange = async {
            let response = self.http.request(request.map(Full::new)).await.map_err(|_| ())?;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map_err(|_| ())?.to_bytes();
            Ok::<_, ()>((parts, body))
        };
        match tokio::time::timeout(timeout, exchange).await {
            Err(_) => Attempted::Failed { failure: Failure::broken(true), body: Bytes::new() },
            Ok(Err(())) => Attempted::Failed { failure: Failure::broken(false), body: Bytes::new() },
            Ok(Ok((parts, body))) => {
                let status = parts.status.as_u16();
                if status < 400 && !(error_in_200(call, &body) && self.lock().policy.habits().reads_late_errors) {
                    let kind = parts.headers.get(http::header::CONTENT_TYPE);
                    return Attempted::Answered { status, body, events: kind.is_some_and(|k| k == EVENT_STREAM) };
                }
                // What S3 says in the body of a 200 counts as a 500, as in the SDKs.
                let status = if status < 400 { 500 } else { status };
                let now = self.setting.clock.date();
                Attempted::Failed { failure: Failure::answered(call.service, status, &parts.headers, &body, now), body }
            }
        }
    }

    fn request(
        &self,
        call: &Call,
        invocation: &str,
        attempt: u32,
        max: Option<u32>,
        token: &str,
    ) -> Result<http::Request<Bytes>, request::Unbuildable> {
        let client = self.setting.client;
        let mut request = request::build(call.service, &call.operation, &call.params, client, Some(token))?;
        // The connector ignores the host; hyper's client wants one.
        let path = request.uri().path_and_query().map_or("/", |p| p.as_str());
        if let Ok(uri) = format!("http://{HOST}{path}").parse() {
            *request.uri_mut() = uri;
        }
        let headers = request.headers_mut();
        let mut put = |name: &'static str, value: String| {
            if let Ok(value) = value.try_into() {
                headers.insert(name, value);
            }
        };
        put(CALL_HEADER, call.tag.to_value());
        if let Some(user_agent) = self.lock().policy.user_agent() {
            put("user-agent", user_agent.to_owned());
        }
        if call.service.id() != "execute-api" {
            put("amz-sdk-invocation-id", invocation.to_owned());
            let max = max.map_or_else(String::new, |m| format!("; max={m}"));
            put("amz-sdk-request", format!("attempt={attempt}{max}"));
            let (date, authorization) = signature(call.service, client, self.setting.clock.date());
            put("x-amz-date", date);
            put("authorization", authorization);
        }
        Ok(request)
    }
}

/// Whether an answer with a good status holds an error: S3's to copies and completed uploads, which take so long that
/// the head has left before the end is known (guidance 2.2).
fn error_in_200(call: &Call, body: &[u8]) -> bool {
    let late = matches!(&*call.operation, "CopyObject" | "UploadPartCopy" | "CompleteMultipartUpload");
    let text = || String::from_utf8_lossy(body);
    call.service.id() == "s3" && late && element(&text(), "Code").is_some() && text().contains("<Error")
}

/// The host that requests name. One level only: S3 would take a name before it for the bucket.
const HOST: &str = "localhost";

/// `x-amz-date` and an `Authorization` that names client, service and date. The endpoint reads its scope
/// and checks no signature, so none is computed.
fn signature(service: &dyn Service, client: u32, date: std::time::SystemTime) -> (String, String) {
    let date = brownout_mocks::clock::amz_date(date);
    let name = service.signing_names().first().copied().unwrap_or(service.id());
    let day = date.get(..8).unwrap_or_default();
    let scope = format!("{}/{day}/us-east-1/{name}/aws4_request", access_key(client));
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={:064}", 0);
    (date, authorization)
}

impl CallClient for PolicyClient {
    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Heard> {
        Box::pin(async move {
            let (service, clock) = (call.service.id(), &self.setting.clock);
            if !self.lock().policy.admits(service, &call.operation, clock.now()) {
                let code = Some("CircuitOpen".to_owned());
                return Heard { outcome: Outcome::Error, code, status: None, body: Bytes::new() };
            }
            let habits = self.lock().policy.habits();
            self.pause(habits.before_call).await;
            let (mut heard, mut failure) = self.invoke(call).await;
            for _ in 1..habits.layers {
                if failure.as_ref().is_none_or(|f| !matches!(f.class, Class::Throttling | Class::Transient)) {
                    break;
                }
                (heard, failure) = self.invoke(call).await;
            }
            if let Some(failure) = &failure {
                let wait = self.lock().policy.before_giving_up(failure);
                self.pause(wait).await;
            }
            self.lock().policy.ended(service, &call.operation, failure.as_ref(), clock.now());
            heard
        })
    }
}

impl PolicyClient {
    /// Sleeps, if there is anything to sleep for: a sleep of nothing takes a tick.
    async fn pause(&self, wait: Duration) {
        if !wait.is_zero() {
            self.setting.clock.sleep(wait).await;
        }
    }

    /// One SDK call: attempts until one succeeds or the policy gives up, and then the last failure.
    async fn invoke(&self, call: &Call) -> (Heard, Option<Failure>) {
        let service = call.service.id();
        let (invocation, timeout, max, habits) = {
            let mut inner = self.lock();
            let policy = &inner.policy;
            let (timeout, max, habits) = (policy.attempt_timeout(), policy.attempts_max(service), policy.habits());
            (inner.ids.uuid(), timeout, max, habits)
        };
        let mut pause = None;
        let mut last: Option<Failure> = None;
        for attempt in 1.. {
            let token = habits.token(&invocation, attempt);
            let request = match self.request(call, &invocation, attempt, max, &token) {
                Ok(request) => request.map(|body| habits.body(body, attempt)),
                Err(mistake) => {
                    let code = Some(format!("RequestNotBuilt: {mistake}"));
                    return (Heard { outcome: Outcome::Error, code, status: None, body: Bytes::new() }, None);
                }
            };
            let wait = self.lock().policy.before_attempt(attempt, self.setting.clock.now());
            self.pause(wait).await;
            let attempted = self.attempt(call, request, timeout).await;
            let failure = if let Attempted::Failed { failure, .. } = &attempted { Some(failure) } else { None };
            self.lock().policy.attempted(self.setting.clock.now(), failure);
            match attempted {
                Attempted::Answered { status, body, events } => {
                    self.lock().policy.succeeded(last.as_ref());
                    let status = Some(status);
                    // What goes wrong within a stream is for whoever reads it, as in the SDKs: no retry.
                    let heard = match read_stream(events, &body) {
                        Ok(()) => Heard { outcome: Outcome::Success, code: None, status, body },
                        Err(code) => Heard { outcome: Outcome::Error, code, status, body },
                    };
                    return (heard, None);
                }
                Attempted::Failed { failure, body } => {
                    let next = {
                        let Inner { policy, random, .. } = &mut *self.lock();
                        let failed = Failed { service, operation: &call.operation, attempt, pause, failure: &failure };
                        policy.next_pause(failed, random)
                    };
                    let Some(next) = next else {
                        let code = failure.code.clone().or_else(|| failure.timeout.then(|| "TimeoutError".to_owned()));
                        let heard = Heard { outcome: Outcome::Error, code, status: failure.status, body };
                        return (heard, Some(failure));
                    };
                    pause = Some(next);
                    last = Some(failure);
                    self.setting.clock.sleep(next).await;
                }
            }
        }
        unreachable!("attempts are counted without end")
    }
}
