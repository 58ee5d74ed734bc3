//! Helpers of this crate's unit tests: requests, attempts and a world, made by hand.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;

use super::{Done, Recognised, Service, find, recognise};
use crate::endpoint::World;
use crate::protocol::{Reply, WireError};
use crate::random::Seed;
use crate::request::{ACCOUNT, Attempt, Request, Sender};

/// A generator for tests that want many inputs, not good randomness.
pub(crate) struct Lcg(pub(crate) u64);

impl Lcg {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n.max(1)
    }
}

/// A request; headers that HTTP does not allow are left out.
pub(crate) fn request(method: &str, path_and_query: &str, headers: &[(&str, &str)], body: &str) -> Request {
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_bytes(value.as_bytes())) {
            map.append(name, value);
        }
    }
    Request {
        method: method.parse::<Method>().unwrap(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: map,
        body: Bytes::copy_from_slice(body.as_bytes()),
        http2: false,
    }
}

/// The attempt that a recognised request is.
pub(crate) fn attempt_of(request: Request, got: Recognised) -> Attempt {
    Attempt {
        request,
        service: got.service,
        protocol: got.protocol,
        operation: got.operation,
        params: got.params,
        target: got.target,
        sender: Sender {
            client: 0,
            access_key: got.access_key.unwrap_or_default(),
            account: ACCOUNT.to_owned(),
            region: got.region.unwrap_or_else(|| "us-east-1".to_owned()),
        },
        tag: None,
        seq: 1,
        invocation: 1,
        attempt: 1,
        call_ordinal: 1,
    }
}

/// An empty world at the start of virtual time.
pub(crate) fn world() -> World {
    let mut world = World::new(Seed { run: 1, trial: 0 }.named("ids", 0));
    world.date = crate::clock::Clock::virtual_epoch();
    world
}

/// A world, and one service asked for things in it.
pub(crate) struct Stage {
    pub(crate) world: World,
    service: &'static dyn Service,
}

impl Stage {
    pub(crate) fn new(service: &str) -> Self {
        Self { world: world(), service: find(service).unwrap() }
    }

    /// Time passes.
    pub(crate) fn wait(&mut self, seconds: u64) {
        self.world.now += Duration::from_secs(seconds);
        self.world.date += Duration::from_secs(seconds);
    }

    /// Sends a request and says what it did.
    pub(crate) fn send(&mut self, request: Request) -> (Attempt, Result<Done, WireError>) {
        let got = recognise(&request, self.service);
        assert!(got.modelled, "{} is not modelled", got.operation);
        let attempt = attempt_of(request, got);
        let result = attempt.service.perform(&attempt, &mut self.world);
        (attempt, result)
    }

    /// Sends a request as its signature says, whose account is its access key unless that is one of ours.
    pub(crate) fn send_as(&mut self, request: &Request) -> Result<Done, WireError> {
        let mut attempt = attempt_of(request.clone(), recognise(request, self.service));
        if !attempt.sender.access_key.starts_with(crate::request::ACCESS_KEY_PREFIX) {
            attempt.sender.account = attempt.sender.access_key.clone();
        }
        attempt.service.perform(&attempt, &mut self.world)
    }

    /// Sends a request and gives the dressed answer.
    pub(crate) fn reply(&mut self, request: Request) -> Reply {
        let head = request.method == Method::HEAD;
        let (attempt, result) = self.send(request);
        match result {
            Ok(done) => attempt.protocol.answer(attempt.service, &attempt.operation, &done, "id"),
            Err(error) => attempt.protocol.error(attempt.service, &error, "id", head),
        }
    }

    /// A query request, as a form.
    pub(crate) fn form(&mut self, body: &str) -> Result<Done, WireError> {
        let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        self.send(request("POST", "/", &headers, body)).1
    }

    /// An awsJson request.
    pub(crate) fn json(&mut self, operation: &str, params: &Value) -> Result<Done, WireError> {
        let target = format!("{}.{operation}", self.service.target_prefix().unwrap());
        let headers = [
            ("x-amz-target", target.as_str()),
            ("content-type", "application/x-amz-json-1.0"),
            ("host", "localhost:4566"),
        ];
        self.send(request("POST", "/", &headers, &params.to_string())).1
    }
}
