//! Random garbage: noise, sound requests with faults, lies about lengths, giant heads, requests for what does not
//! exist, and peers that vanish. Drawn from a seed.

use std::collections::VecDeque;

use brownout_mocks::random::Stream;
use tokio::net::TcpStream;

use crate::pick;

/// What one connection sends.
pub(crate) struct What {
    pub(crate) bytes: Vec<u8>,
    /// Whether its sender goes away without reading.
    pub(crate) vanishes: bool,
}

/// How many half-open connections each talker keeps.
const KEPT: usize = 16;

pub(crate) struct Garbage {
    stream: Stream,
    kept: VecDeque<TcpStream>,
}

impl Garbage {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream, kept: VecDeque::new() }
    }

    pub(crate) fn next(&mut self) -> What {
        let bytes = match self.below(100) {
            0..15 => self.noise(4096),
            15..45 => self.mutated(),
            45..55 => self.mutated_http2(),
            55..65 => self.lie(),
            65..67 => self.giant(),
            67..90 => self.unheard_of(),
            _ => self.sound(),
        };
        What { bytes, vanishes: self.below(8) == 0 }
    }

    /// Keeps a half-open connection for a while; the one that was kept longest goes.
    pub(crate) fn keep(&mut self, stream: TcpStream) {
        self.kept.push_back(stream);
        if self.kept.len() > KEPT
            && let Some(stream) = self.kept.pop_front()
            && self.below(2) == 0
        {
            // Closed with a reset, where the system can.
            let _ = stream.set_zero_linger();
        }
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.stream.below(n as u64)).unwrap()
    }

    fn noise(&mut self, most: usize) -> Vec<u8> {
        let length = 1 + self.below(most);
        (0..length).map(|_| self.stream.bits().to_le_bytes()[0]).collect()
    }

    /// A request that makes sense.
    pub(crate) fn sound(&mut self) -> Vec<u8> {
        let target = |name: &str, body: &str| request("POST /", &format!("x-amz-target: {name}\r\n"), body);
        let form = |body: &str| request("POST /", "content-type: application/x-www-form-urlencoded\r\n", body);
        match self.below(8) {
            0 => target("DynamoDB_20120810.GetItem", r#"{"TableName":"orders","Key":{"id":{"S":"1"}}}"#),
            1 => target(
                "DynamoDB_20120810.BatchWriteItem",
                r#"{"RequestItems":{"t":[{"PutRequest":{"Item":{"id":{"S":"1"}}}}]}}"#,
            ),
            2 => {
                target("AmazonSQS.ReceiveMessage", r#"{"QueueUrl":"http://x/000000000000/q","MaxNumberOfMessages":3}"#)
            }
            3 => form("Action=DescribeInstances&Version=2016-11-15"),
            4 => form("Action=GetCallerIdentity&Version=2011-06-15"),
            5 => request("PUT /bucket/key", "", "body"),
            6 => request("GET /bucket?list-type=2&prefix=a", "", ""),
            _ => request(
                "POST /service/GraniteServiceVersion20100801/operation/ListMetrics",
                "smithy-protocol: rpc-v2-cbor\r\ncontent-type: application/cbor\r\n",
                "\u{0}",
            ),
        }
    }

    /// A request of which a few places are wrong.
    fn mutated(&mut self) -> Vec<u8> {
        let mut bytes = self.sound();
        if self.below(3) == 0 {
            // Two of them one after the other.
            bytes.extend(self.sound());
        }
        self.mutate(&mut bytes);
        bytes
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(6) {
            if bytes.is_empty() {
                return;
            }
            let at = self.below(bytes.len());
            let end = (at + 1 + self.below(20)).min(bytes.len());
            match self.below(6) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = *pick(&mut self.stream, b"\0\r\n: /%&=;\xff0"),
                2 => drop(bytes.drain(at..end)),
                3 => {
                    let again = bytes[at..end].to_vec();
                    bytes.splice(at..at, again);
                }
                4 => {
                    let noise = self.noise(16);
                    bytes.splice(at..at, noise);
                }
                _ => bytes.truncate(at),
            }
        }
    }

    /// HTTP/2: the preface, settings, a request in two frames, and something wrong with it.
    fn mutated_http2(&mut self) -> Vec<u8> {
        // POST, path /, scheme http, then a literal header: x-amz-target.
        let mut block = vec![0x83, 0x84, 0x86, 0x41, 0x01, b'x', 0x00];
        for text in ["x-amz-target", "DynamoDB_20120810.ListTables"] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend(text.bytes());
        }
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        bytes.extend(frame(4, 0, 0, b""));
        for request in 0..=self.below(3) {
            let stream = u32::try_from(2 * request + 1).unwrap();
            bytes.extend(frame(1, 4, stream, &block));
            bytes.extend(frame(0, 1, stream, b"{}"));
        }
        if self.below(4) > 0 {
            let mut rest = bytes.split_off(24);
            self.mutate(&mut rest);
            bytes.extend(rest);
        }
        // A peer that says goodbye: else the connection may stay open on both sides.
        bytes.extend(frame(7, 0, 0, &[0; 8]));
        bytes
    }

    /// A body that is not as long as its head says.
    fn lie(&mut self) -> Vec<u8> {
        let lengths = [
            "0",
            "1",
            "45",
            "46",
            "9999",
            "18446744073709551615",
            "18446744073709551616",
            "-1",
            "+5",
            "0x10",
            "5, 5",
            "",
        ];
        let length = *pick(&mut self.stream, &lengths);
        let chunks = [
            "",
            "5\r\nhello\r\n0\r\n\r\n",
            "5\r\nhel",
            "zz\r\n",
            "fffffffffffffffff\r\n",
            "0\r\nx: y\r\n\r\n",
            "-5\r\n\r\n",
        ];
        let chunked = *pick(&mut self.stream, &chunks);
        let head = "POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: DynamoDB_20120810.ListTables\r\n";
        match self.below(3) {
            0 => format!("{head}content-length: {length}\r\n\r\n{{}}").into_bytes(),
            1 => format!("{head}transfer-encoding: chunked\r\n\r\n{chunked}").into_bytes(),
            _ => format!("{head}content-length: {length}\r\ntransfer-encoding: chunked\r\n\r\n{chunked}").into_bytes(),
        }
    }

    /// Megabytes of head.
    fn giant(&mut self) -> Vec<u8> {
        let size = (1 + self.below(10)) << 20;
        match self.below(3) {
            0 => format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(size)).into_bytes(),
            1 => format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(size / 6)).into_bytes(),
            _ => format!("GET /{} HTTP/1.1\r\n\r\n", "%2F".repeat(size / 3)).into_bytes(),
        }
    }

    /// A request that is sound as HTTP, for what nobody has, or with a body that nobody can make sense of.
    fn unheard_of(&mut self) -> Vec<u8> {
        let services =
            ["s3", "ec2", "dynamodb", "sts", "sqs", "lambda", "iam", "execute-api", "bedrock", "nonsense", ""];
        let service = *pick(&mut self.stream, &services);
        let scope = format!(
            "authorization: AWS4-HMAC-SHA256 Credential=AKIA{}/20260101/us-east-1/{service}/aws4_request, \
             SignedHeaders=host, Signature=00\r\n",
            self.below(50)
        );
        let methods = ["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS", "TRACE", "BREW"];
        let method = *pick(&mut self.stream, &methods);
        let kinds = [
            "application/json",
            "application/x-amz-json-1.0",
            "application/x-amz-json-1.1",
            "application/x-www-form-urlencoded",
            "application/cbor",
            "application/xml",
            "",
        ];
        let kind = *pick(&mut self.stream, &kinds);
        let name = self.name();
        let target = match self.below(4) {
            0 => format!("x-amz-target: DynamoDB_20120810.{name}\r\n"),
            1 => format!("x-amz-target: {name}\r\n"),
            2 => "smithy-protocol: rpc-v2-cbor\r\n".to_owned(),
            _ => String::new(),
        };
        let path = match self.below(4) {
            0 => format!("/{name}?{name}={name}"),
            1 => format!("/2015-03-31/functions/{name}/invocations"),
            2 => format!("/service/GraniteServiceVersion20100801/operation/{name}"),
            _ => "/".to_owned(),
        };
        let body = self.body();
        let mut bytes = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\n{scope}{target}content-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        bytes.extend(body);
        bytes
    }

    fn name(&mut self) -> String {
        match self.below(5) {
            0 => "PutItem".to_owned(),
            1 => "%ff%00%2e%2e%2f".repeat(1 + self.below(20)),
            2 => "a".repeat(1 + self.below(20_000)),
            3 => "../..//;=&+%".to_owned(),
            _ => format!("Op{}", self.below(100)),
        }
    }

    fn body(&mut self) -> Vec<u8> {
        let deep = 1 + self.below(50_000);
        match self.below(9) {
            0 => self.noise(2048),
            1 => "[".repeat(deep).into_bytes(),
            2 => r#"{"a":"#.repeat(deep).into_bytes(),
            // CBOR: arrays in arrays, and a map of a length that is a lie.
            3 => vec![0x81; deep],
            4 => vec![0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x61, b'a'],
            5 => "<a>".repeat(deep).into_bytes(),
            6 => "Action=RunInstances&MaxCount=99999999999&MinCount=-1&InstanceId.99999999=i".into(),
            7 => r#"{"TableName":7,"Key":[],"RequestItems":{"t":[{"PutRequest":null}]},"Limit":1e400}"#.into(),
            _ => r#"{"TableName":"t","Item":{"id":{"N":"1e999999999"},"x":{"Q":true},"\ud800":{"S":1}}}"#.into(),
        }
    }
}

fn request(start: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("{start} HTTP/1.1\r\nhost: x\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// An HTTP/2 frame.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}
