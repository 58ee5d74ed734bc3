//! The servers that are compared, each on a thread of its own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use brownout::scenario::Scenario;
use brownout_benches::cpu;
use brownout_mocks::clock::Clock;
use brownout_mocks::endpoint::Endpoint;
use brownout_mocks::journal::{Recorder, write_events};
use brownout_mocks::random::Seed;
use brownout_mocks::transport::TcpTransport;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// What all of them answer.
const BODY: &str = r#"{"Item":{"id":{"S":"order-0000000001"},"total":{"N":"17"}}}"#;
const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// Twenty steps: nineteen look and let go, the last answers.
const SCENARIO: &str = r#"
brownout: 1
name: twenty-steps
title: Nineteen steps that let a request go, and a fixed answer
service: dynamodb
steps:
  - {when: {operation: PutItem}, inject: throttle}
  - {when: {operation: "Batch*"}, inject: throttle}
  - {when: {operation: [Query, Scan]}, inject: throttle}
  - {when: {service: s3}, inject: {http: 503}}
  - {when: {resource: "customers-*"}, inject: throttle}
  - {when: {attempt: 2..}, inject: {http: 500}}
  - {when: {client: 1..3}, inject: throttle}
  - {when: {after: 1d}, inject: throttle}
  - {when: {after: 2d, until: 3d}, inject: close}
  - {when: {header: {user-agent: "Boto3*"}}, inject: throttle}
  - {when: {header: {x-tenant: "*"}}, inject: throttle}
  - {when: {operation: GetItem, resource: invoices}, inject: throttle}
  - {when: {operation: GetItem, client: 7}, inject: close}
  - {when: {operation: "Delete*"}, times: 3, inject: throttle}
  - {when: {operation: "Update*"}, probability: 0.5, inject: throttle}
  - {when: {operation: DescribeTable, until: 1h}, inject: {latency: 1s}}
  - {when: {service: "lambda*"}, every: 3, inject: throttle}
  - {when: {operation: GetItem}, inject: {rate_limit: {bucket: 1000000, refill: 1000000/s}}}
  - {when: {operation: TransactWriteItems}, inject: black_hole}
  - {inject: {reply: {status: 200, headers: {content-type: application/x-amz-json-1.0}, body: BODY}}}
"#;

/// A running server.
pub(super) struct Server {
    pub(super) name: &'static str,
    pub(super) address: SocketAddr,
    threads: Vec<i32>,
    recorder: Option<Recorder>,
    _keep: Option<(MockServer, tokio::runtime::Runtime)>,
}

impl Server {
    /// A bare hyper server: reads the request, answers.
    pub(super) fn hyper() -> Self {
        let (threads, address) = started(|address| {
            named("hyper", move || {
                block_on(async move {
                    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                    address.send(listener.local_addr().unwrap()).unwrap();
                    loop {
                        let (stream, _) = listener.accept().await.unwrap();
                        stream.set_nodelay(true).unwrap();
                        let connection = hyper::server::conn::http1::Builder::new()
                            .serve_connection(TokioIo::new(stream), service_fn(answer));
                        tokio::spawn(connection);
                    }
                });
            });
        });
        Self { name: "hyper", address, threads, recorder: None, _keep: None }
    }

    /// The endpoint.
    pub(super) fn endpoint(jsonl: bool) -> Self {
        let recorder = Recorder::new();
        let kept = recorder.clone();
        let (threads, address) = started(|address| {
            named(if jsonl { "endpoint-jsonl" } else { "endpoint" }, move || {
                let quoted = serde_json::to_string(BODY).unwrap();
                let scenario = Scenario::parse("bench.yaml", &SCENARIO.replace("BODY", &quoted)).unwrap();
                let plan = scenario.plan(Seed { run: 1, trial: 0 });
                block_on(async move {
                    let tcp = TcpTransport::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
                    address.send(tcp.address()).unwrap();
                    let endpoint = Endpoint::new(plan, Clock::wall(), recorder.clone());
                    tokio::select! {
                        () = tcp.serve(endpoint) => {}
                        () = write(recorder), if jsonl => {}
                    }
                });
            });
        });
        let name = if jsonl { "endpoint, JSONL" } else { "endpoint, memory" };
        // What is written out is taken out by the writer.
        let recorder = (!jsonl).then_some(kept);
        Self { name, address, threads, recorder, _keep: None }
    }

    /// wiremock with one mock, and without its record of requests.
    pub(super) fn wiremock() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let before = cpu::threads();
        let server = runtime.block_on(async {
            let server = MockServer::builder().disable_request_recording().start().await;
            let answer = ResponseTemplate::new(200).set_body_raw(BODY, CONTENT_TYPE);
            Mock::given(method("POST")).and(path("/")).respond_with(answer).mount(&server).await;
            server
        });
        let threads = cpu::threads().difference(&before).copied().collect();
        Self { name: "wiremock", address: *server.address(), threads, recorder: None, _keep: Some((server, runtime)) }
    }

    /// Keeps its threads on one core.
    pub(super) fn pin(&self, core: usize) -> bool {
        self.threads.iter().all(|id| cpu::pin(Some(*id), core))
    }

    /// CPU time that its threads have used.
    pub(super) fn cpu(&self) -> Duration {
        self.threads.iter().map(|id| cpu::of_thread(*id)).sum()
    }

    /// Drops what it has recorded, between turns.
    pub(super) fn forget(&self) {
        if let Some(recorder) = &self.recorder {
            drop(recorder.take());
        }
    }
}

async fn answer(request: hyper::Request<hyper::body::Incoming>) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    // As any server must, it reads the body.
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes);
    assert!(body.is_ok_and(|b| !b.is_empty()));
    let mut response = hyper::Response::new(Full::new(Bytes::from_static(BODY.as_bytes())));
    response.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static(CONTENT_TYPE));
    Ok(response)
}

/// Writes the journal as JSON Lines while the endpoint serves, as `serve --journal` does.
async fn write(recorder: Recorder) {
    let path = std::env::temp_dir().join(format!("brownout-bench-{}.jsonl", std::process::id()));
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    let _ = std::fs::remove_file(&path);
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        write_events(&mut file, &recorder.take()).unwrap();
        std::io::Write::flush(&mut file).unwrap();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A thread that a profiler can tell from the others.
fn named(name: &str, body: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().name(name.to_owned()).spawn(body).unwrap();
}

/// Starts a server and says which threads it has and where it listens.
fn started(start: impl FnOnce(std::sync::mpsc::Sender<SocketAddr>)) -> (Vec<i32>, SocketAddr) {
    let before = cpu::threads();
    let (sender, receiver) = std::sync::mpsc::channel();
    start(sender);
    let address = receiver.recv().unwrap();
    (cpu::threads().difference(&before).copied().collect(), address)
}
