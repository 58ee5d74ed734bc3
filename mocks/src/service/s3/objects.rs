//! Objects: put, copied, read whole or in part, removed.

use bytes::Bytes;
use md5::{Digest as _, Md5};
use serde_json::{Map, Value, json};

use super::{OBJECT, S3, Stage, chunked, failed, id_of, wire_error_with};
use crate::endpoint::Entity;
use crate::fault::http_date;
use crate::protocol::WireError;
use crate::request::{Request, percent_decode};
use crate::service::{Done, iso_date, text, wire_error};

/// The body of a request, without its framing; empty if the framing is broken.
pub(super) fn body_of(request: &Request) -> Bytes {
    if chunked::is_framed(request) { chunked::decode(&request.body).unwrap_or_default() } else { request.body.clone() }
}

/// The object's bytes.
fn bytes_of(object: &Value) -> Vec<u8> {
    hex::decode(text(object, "hex")).unwrap_or_default()
}

impl Stage<'_> {
    fn no_such_key(&self) -> WireError {
        failed("NoSuchKey", "Key", self.key)
    }

    pub(super) fn put_object(&mut self) -> Result<Done, WireError> {
        let request = &self.attempt.request;
        let body = if chunked::is_framed(request) {
            chunked::decode(&request.body).ok_or_else(|| wire_error(&S3, "IncompleteBody"))?
        } else {
            request.body.clone()
        };
        let id = id_of(self.bucket, self.key);
        let exists = self.world.get(self.account, OBJECT, &id).is_some();
        if exists && request.header("if-none-match") == Some("*") {
            return Err(failed("PreconditionFailed", "Condition", "If-None-Match"));
        }
        let mut kept = Map::new();
        for (name, value) in &request.headers {
            let name = name.as_str();
            if let (true, Ok(value)) = (name == "content-type" || name.starts_with("x-amz-meta-"), value.to_str()) {
                kept.insert(name.to_owned(), value.into());
            }
        }
        let etag = format!("\"{}\"", hex::encode(Md5::digest(&body)));
        let object = json!({"hex": hex::encode(&body), "etag": etag, "headers": kept, "size": body.len()});
        self.world.put(self.account, OBJECT, &id, object);
        Ok(Done { headers: vec![("etag".to_owned(), etag)], created: vec![id], ..Done::default() })
    }

    pub(super) fn copy_object(&mut self) -> Result<Done, WireError> {
        let source = self.attempt.request.header("x-amz-copy-source").unwrap_or_default();
        let source = source.split_once("?versionId=").map_or(source, |(source, _)| source);
        let source = percent_decode(source, false);
        let source = source.trim_start_matches('/');
        let Some(object) = self.world.get(self.account, OBJECT, source).map(|e| e.value.clone()) else {
            let key = source.split_once('/').map_or(source, |(_, key)| key);
            return Err(failed("NoSuchKey", "Key", key));
        };
        let output = json!({"CopyObjectResult": {
            "LastModified": iso_date(self.world.date),
            "ETag": text(&object, "etag"),
        }});
        let id = id_of(self.bucket, self.key);
        self.world.put(self.account, OBJECT, &id, object);
        Ok(Done { output, created: vec![id], ..Done::default() })
    }

    /// `GetObject` and `HeadObject`. There is no `x-amz-checksum-*`, so that clients have nothing to verify
    /// unless a fault gives them something.
    pub(super) fn get_object(&mut self) -> Result<Done, WireError> {
        let id = id_of(self.bucket, self.key);
        let Some(Entity { created, value }) = self.world.get(self.account, OBJECT, &id) else {
            return Err(self.no_such_key());
        };
        let request = &self.attempt.request;
        let etag = text(value, "etag");
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        if request.header("if-none-match").is_some_and(|wanted| wanted == etag) {
            return Ok(Done { status: Some(304), headers: vec![header("etag", etag)], ..Done::default() });
        }
        let mut headers = vec![
            header("etag", etag),
            header("last-modified", &http_date(self.world.date_of(*created))),
            header("accept-ranges", "bytes"),
            header("content-type", "binary/octet-stream"),
        ];
        for (name, kept) in value.get("headers").and_then(Value::as_object).into_iter().flatten() {
            headers.retain(|(known, _)| known != name);
            headers.push(header(name, kept.as_str().unwrap_or_default()));
        }
        let body = bytes_of(value);
        let (mut status, mut part) = (None, 0..body.len());
        if let Some(wanted) = request.header("range").and_then(|r| r.strip_prefix("bytes=")) {
            part = range(wanted, body.len()).ok_or_else(|| {
                wire_error_with(&S3, "InvalidRange", format!("The object has {} bytes, not {wanted}", body.len()))
            })?;
            status = Some(206);
            headers.push(header("content-range", &format!("bytes {}-{}/{}", part.start, part.end - 1, body.len())));
        }
        let body = Bytes::from(body).slice(part);
        if request.method == http::Method::HEAD {
            // The length of what a GET would bring; the body itself stays behind.
            headers.push(header("content-length", &body.len().to_string()));
            return Ok(Done { status, headers, body: Some(Bytes::new()), ..Done::default() });
        }
        Ok(Done { status, headers, body: Some(body), ..Done::default() })
    }

    /// Removing what is not there is fine too.
    pub(super) fn delete_object(&mut self) -> Done {
        self.world.remove(self.account, OBJECT, &id_of(self.bucket, self.key));
        Done { status: Some(204), ..Done::default() }
    }
}

/// The bytes that `first-last`, `first-` or `-count` means; `None` if there are no such bytes.
fn range(text: &str, length: usize) -> Option<std::ops::Range<usize>> {
    let (first, last) = text.split_once('-')?;
    let part = match (first.is_empty(), last.is_empty()) {
        (true, _) => length.saturating_sub(last.parse().ok()?)..length,
        (false, true) => first.parse().ok()?..length,
        (false, false) => first.parse().ok()?..last.parse::<usize>().ok()?.saturating_add(1).min(length),
    };
    (part.start < part.end).then_some(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::{Stage, request};

    #[test]
    fn an_object_comes_back_as_it_was_put() {
        let mut stage = Stage::new("s3");
        let headers = [("content-type", "text/plain"), ("x-amz-meta-by", "me")];
        let put = stage.reply(request("PUT", "/b/k", &headers, "hello"));
        assert_eq!(put.header("etag"), Some("\"5d41402abc4b2a76b9719d911017c592\""));
        assert_eq!((put.header("content-type"), put.body.len()), (None, 0));
        let got = stage.reply(request("GET", "/b/k", &[], ""));
        assert_eq!((got.status, &got.body[..]), (200, &b"hello"[..]));
        assert_eq!((got.header("content-type"), got.header("x-amz-meta-by")), (Some("text/plain"), Some("me")));
        assert_eq!(got.header("last-modified"), Some("Thu, 01 Jan 2026 00:00:00 GMT"));
        let part = stage.reply(request("GET", "/b/k", &[("range", "bytes=1-2")], ""));
        assert_eq!((part.status, &part.body[..], part.header("content-range")), (206, &b"el"[..], Some("bytes 1-2/5")));
        let head = stage.reply(request("HEAD", "/b/k", &[], ""));
        assert_eq!((head.status, head.body.len(), head.header("content-length")), (200, 0, Some("5")));
        assert_eq!(stage.reply(request("GET", "/b/k", &[("range", "bytes=9-")], "")).status, 416);
    }

    #[test]
    fn framed_bodies_are_unpacked() {
        let mut stage = Stage::new("s3");
        let headers =
            [("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), ("content-encoding", "aws-chunked")];
        stage.reply(request("PUT", "/b/k", &headers, "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"));
        assert_eq!(stage.reply(request("GET", "/b/k", &[], "")).body, "hello");
        assert_eq!(stage.reply(request("PUT", "/b/k", &headers, "5\r\nhel")).code.as_deref(), Some("IncompleteBody"));
    }

    #[test]
    fn what_is_missing_is_said() {
        let mut stage = Stage::new("s3");
        let missing = stage.reply(request("GET", "/b/k", &[], ""));
        assert_eq!((missing.status, missing.code.as_deref()), (404, Some("NoSuchKey")));
        let head = stage.reply(request("HEAD", "/b/k", &[], ""));
        assert_eq!((head.status, head.body.len()), (404, 0));
        let copy = stage.reply(request("PUT", "/b/k", &[("x-amz-copy-source", "/b/old%20key")], ""));
        assert_eq!(copy.code.as_deref(), Some("NoSuchKey"));
        stage.reply(request("PUT", "/b/old%20key", &[], "x"));
        let copy = stage.reply(request("PUT", "/b/k", &[("x-amz-copy-source", "/b/old%20key")], ""));
        assert_eq!(copy.status, 200);
        assert_eq!(stage.reply(request("GET", "/b/k", &[], "")).body, "x");
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(range("0-4", 10), Some(0..5));
        assert_eq!(range("5-", 10), Some(5..10));
        assert_eq!(range("-3", 10), Some(7..10));
        assert_eq!(range("0-99999999999999999999", 10), None);
        assert_eq!(range("4-2", 10), None);
        assert_eq!(range("0-0", 0), None);
    }
}
