//! Amazon S3: restXml, both addressing styles, objects that are kept; buckets exist without being made.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::{Value, json};

use super::{
    Batch, Done, ErrorRow, Operation, Service, operation, recognise::match_path, text, unmodelled, wire_error_with,
};
use crate::endpoint::World;
use crate::protocol::{Protocol, Reply, WireError};
use crate::request::{Attempt, Request, percent_decode};

mod chunked;
mod errors;
mod listing;
mod objects;

/// The service.
#[derive(Debug)]
pub(super) struct S3;

const OPERATIONS: &[Operation] = &[
    operation("CopyObject", "PUT", "/{Bucket}/{Key+}", true),
    operation("CreateBucket", "PUT", "/{Bucket}", true),
    operation("DeleteBucket", "DELETE", "/{Bucket}", true),
    operation("DeleteObject", "DELETE", "/{Bucket}/{Key+}", true),
    operation("DeleteObjects", "POST", "/{Bucket}?delete", true),
    operation("GetBucketLocation", "GET", "/{Bucket}?location", false),
    operation("GetObject", "GET", "/{Bucket}/{Key+}", false),
    operation("HeadBucket", "HEAD", "/{Bucket}", false),
    operation("HeadObject", "HEAD", "/{Bucket}/{Key+}", false),
    operation("ListBuckets", "GET", "/", false),
    operation("ListObjects", "GET", "/{Bucket}", false),
    operation("ListObjectsV2", "GET", "/{Bucket}?list-type=2", false),
    operation("PutObject", "PUT", "/{Bucket}/{Key+}", true),
];

/// Query keys that turn a request into one about something else than the object or the bucket itself.
const SUBRESOURCES: &[&str] = &[
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "partNumber",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "session",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versioning",
    "versions",
    "website",
];

/// The kinds of entity that a bucket and an object are.
const BUCKET: &str = "bucket";
const OBJECT: &str = "object";

impl Service for S3 {
    fn id(&self) -> &'static str {
        "s3"
    }

    fn title(&self) -> &'static str {
        "Amazon S3"
    }

    fn signing_names(&self) -> &'static [&'static str] {
        &["s3"]
    }

    fn protocols(&self) -> &'static [Protocol] {
        &[Protocol::RestXml]
    }

    fn api_version(&self) -> &'static str {
        "2006-03-01"
    }

    fn xml_namespace(&self) -> &'static str {
        "http://s3.amazonaws.com/doc/2006-03-01/"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn errors(&self) -> &'static [ErrorRow] {
        errors::ROWS
    }

    fn throttle_code(&self, _operation: &str) -> &'static str {
        "SlowDown"
    }

    fn batch(&self, operation: &str) -> Option<&'static Batch> {
        (operation == "DeleteObjects").then_some(&Batch::Objects)
    }

    fn not_found_code(&self, _operation: &str, target: &str) -> &'static str {
        if target.contains('/') { "NoSuchKey" } else { "NoSuchBucket" }
    }

    fn skew_code(&self) -> &'static str {
        "RequestTimeTooSkewed"
    }

    fn expired_code(&self) -> &'static str {
        "ExpiredToken"
    }

    fn checks(&self, operation: &str) -> bool {
        operation == "GetObject"
    }

    fn corrupt(&self, attempt: &Attempt, reply: &mut Reply) {
        if attempt.request.header("x-amz-checksum-mode").is_some() {
            reply.headers.retain(|(name, _)| !name.starts_with("x-amz-checksum-"));
            let wrong = (!crc32fast::hash(&reply.body)).to_be_bytes();
            reply.headers.push(("x-amz-checksum-crc32".into(), BASE64.encode(wrong)));
        } else {
            use md5::Digest as _;
            let wrong = md5::Md5::new().chain_update(&reply.body).chain_update([0]).finalize();
            reply.headers.push(("content-md5".into(), BASE64.encode(wrong)));
        }
    }

    fn unmodelled_code(&self) -> &'static str {
        "NotImplemented"
    }

    /// Bucket and key, `bucket/key`, or the bucket alone.
    fn target(&self, _operation: &str, params: &Value) -> Option<String> {
        let (bucket, key) = (text(params, "Bucket"), text(params, "Key"));
        match (bucket.is_empty(), key.is_empty()) {
            (true, _) => None,
            (false, true) => Some(bucket.to_owned()),
            (false, false) => Some(id_of(bucket, key)),
        }
    }

    fn operation_of(&self, request: &Request) -> Option<(&'static Operation, Value)> {
        let keys = crate::request::pairs(&request.query);
        if keys.iter().any(|(key, _)| SUBRESOURCES.contains(&key.as_str())) {
            return None;
        }
        let path = path_style(request);
        let (operation, mut params) = match_path(OPERATIONS, request.method.as_str(), &path, &request.query)?;
        if operation.name == "DeleteObjects" {
            params["Objects"] = listing::to_delete(&objects::body_of(request));
        }
        // The two share method and path; a header tells them apart.
        let name = match operation.name {
            "CopyObject" | "PutObject" if request.headers.contains_key("x-amz-copy-source") => "CopyObject",
            "CopyObject" => "PutObject",
            other => other,
        };
        Some((OPERATIONS.iter().find(|o| o.name == name)?, params))
    }

    /// JS says the name in `x-id`; of multipart uploads it is known anyway.
    fn name_unmodelled(&self, request: &Request) -> String {
        let has = |key| request.query_value(key).is_some();
        let multipart = match request.method.as_str() {
            "POST" if has("uploads") => Some("CreateMultipartUpload"),
            "POST" if has("uploadId") => Some("CompleteMultipartUpload"),
            "PUT" if has("uploadId") => Some("UploadPart"),
            "DELETE" if has("uploadId") => Some("AbortMultipartUpload"),
            "GET" if has("uploadId") => Some("ListParts"),
            "GET" if has("uploads") => Some("ListMultipartUploads"),
            _ => None,
        };
        let said = request.query_value("x-id").filter(|name| !name.is_empty());
        said.or_else(|| multipart.map(str::to_owned)).unwrap_or_else(|| {
            let path = percent_decode(&path_style(request), false);
            let keys = crate::request::pairs(&request.query);
            let key = keys.iter().find(|(key, _)| SUBRESOURCES.contains(&key.as_str())).map(|(key, _)| key);
            key.map_or_else(|| format!("{} {path}", request.method), |key| format!("{} {path}?{key}", request.method))
        })
    }

    /// A batch of deletions refers to each of its keys.
    fn refers_to(&self, attempt: &Attempt) -> Vec<String> {
        if attempt.operation == "DeleteObjects" {
            let bucket = text(&attempt.params, "Bucket");
            return listing::keys(&attempt.params).map(|key| id_of(bucket, key)).collect();
        }
        attempt.target.iter().cloned().collect()
    }

    fn perform(&self, attempt: &Attempt, world: &mut World) -> Result<Done, WireError> {
        let bucket = text(&attempt.params, "Bucket");
        let key = text(&attempt.params, "Key");
        let mut stage = Stage { attempt, account: &attempt.sender.account, bucket, key, world };
        match attempt.operation.as_str() {
            "ListBuckets" => Ok(stage.list_buckets()),
            "CreateBucket" => stage.create_bucket(),
            "DeleteBucket" => stage.delete_bucket(),
            "HeadBucket" => Ok(stage.head_bucket()),
            "GetBucketLocation" => Ok(stage.location()),
            "ListObjects" | "ListObjectsV2" => Ok(stage.list_objects()),
            "DeleteObjects" => stage.delete_objects(),
            "PutObject" => stage.put_object(),
            "CopyObject" => stage.copy_object(),
            "GetObject" | "HeadObject" => stage.get_object(),
            "DeleteObject" => Ok(stage.delete_object()),
            other => Err(unmodelled(self, other)),
        }
    }
}

/// One operation on its way: what was asked, and the world that it acts on.
struct Stage<'a> {
    attempt: &'a Attempt,
    account: &'a str,
    bucket: &'a str,
    key: &'a str,
    world: &'a mut World,
}

/// The id of an object, which is its target too.
fn id_of(bucket: &str, key: &str) -> String {
    format!("{bucket}/{key}")
}

/// An error that names the bucket or the key, as S3's do.
fn failed(code: &str, member: &str, value: &str) -> WireError {
    let mut error = super::wire_error(&S3, code);
    error.members.push((member.to_owned(), value.into()));
    error
}

/// The path with the bucket in it, also where the request has the bucket in its host name.
fn path_style(request: &Request) -> String {
    match request.header("host").and_then(bucket_of_host) {
        Some(bucket) => format!("/{bucket}{}", request.path),
        None => request.path.clone(),
    }
}

/// The bucket in a virtual-host style name: what stands before S3's own name, or before the name of this
/// machine, under which a harness is reached.
fn bucket_of_host(host: &str) -> Option<&str> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let prefix =
        [".s3.", ".s3-"].iter().find_map(|mark| name.split_once(mark)).map(|(bucket, _)| bucket).or_else(|| {
            let own =
                [".localhost", ".127.0.0.1", ".localhost.localdomain"].iter().find_map(|own| name.strip_suffix(own))?;
            Some(own.strip_suffix(".s3").unwrap_or(own))
        })?;
    let first = prefix.split('.').next().unwrap_or_default();
    (!prefix.is_empty() && first != "s3" && !first.starts_with("s3-")).then_some(prefix)
}

/// Whether S3 allows a bucket to be called so.
fn is_bucket_name(name: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    (3..=63).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'))
        && edge(name.chars().next())
        && edge(name.chars().next_back())
        && !name.contains("..")
}

impl Stage<'_> {
    fn create_bucket(&mut self) -> Result<Done, WireError> {
        if !is_bucket_name(self.bucket) {
            return Err(failed("InvalidBucketName", "BucketName", self.bucket));
        }
        if self.world.get(self.account, BUCKET, self.bucket).is_some() {
            return Err(failed("BucketAlreadyOwnedByYou", "BucketName", self.bucket));
        }
        self.world.put(self.account, BUCKET, self.bucket, json!({"region": self.attempt.sender.region}));
        let location = ("location".to_owned(), format!("/{}", self.bucket));
        Ok(Done { headers: vec![location], created: vec![self.bucket.to_owned()], ..Done::default() })
    }

    fn delete_bucket(&mut self) -> Result<Done, WireError> {
        let prefix = id_of(self.bucket, "");
        if self.world.list(self.account, OBJECT).any(|(id, _)| id.starts_with(&prefix)) {
            return Err(failed("BucketNotEmpty", "BucketName", self.bucket));
        }
        self.world.remove(self.account, BUCKET, self.bucket);
        Ok(Done { status: Some(204), ..Done::default() })
    }

    fn head_bucket(&self) -> Done {
        let region = ("x-amz-bucket-region".to_owned(), self.region());
        Done { headers: vec![region], ..Done::default() }
    }

    /// The oldest Region has no name here.
    fn location(&self) -> Done {
        let region = Some(self.region()).filter(|r| r != "us-east-1").unwrap_or_default();
        Done { output: json!({"LocationConstraint": region}), ..Done::default() }
    }

    fn region(&self) -> String {
        let made = self.world.get(self.account, BUCKET, self.bucket);
        made.map_or(&*self.attempt.sender.region, |bucket| text(&bucket.value, "region")).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use crate::service::find;
    use crate::service::recognise::recognise;
    use crate::service::testing::{Stage, request};

    #[test]
    fn requests_of_real_sdks_are_recognised() {
        let scope = (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIABROWNOUT00000000/20260101/us-east-1/s3/aws4_request, Signature=0",
        );
        let plain = ("host", "localhost:4566");
        for (method, path, header, operation, target) in [
            ("GET", "/", plain, "ListBuckets", None),
            ("GET", "/?x-id=ListBuckets", plain, "ListBuckets", None),
            ("PUT", "/bucket", plain, "CreateBucket", Some("bucket")),
            ("GET", "/bucket?list-type=2&prefix=a&encoding-type=url", plain, "ListObjectsV2", Some("bucket")),
            ("GET", "/bucket?prefix=a", plain, "ListObjects", Some("bucket")),
            ("GET", "/bucket?location", plain, "GetBucketLocation", Some("bucket")),
            ("POST", "/bucket?delete", plain, "DeleteObjects", Some("bucket")),
            ("PUT", "/bucket/a/b%20c?x-id=PutObject", plain, "PutObject", Some("bucket/a/b c")),
            ("PUT", "/bucket/new", ("x-amz-copy-source", "bucket/old"), "CopyObject", Some("bucket/new")),
            ("HEAD", "/a/b", ("host", "bucket.s3.eu-west-1.amazonaws.com"), "HeadObject", Some("bucket/a/b")),
            ("GET", "/key?x-id=GetObject", ("host", "bucket.localhost:4566"), "GetObject", Some("bucket/key")),
            ("DELETE", "/key", ("host", "my.bucket.127.0.0.1:80"), "DeleteObject", Some("my.bucket/key")),
            ("GET", "/", ("host", "bucket.s3.localhost.localstack.cloud:4566"), "ListObjects", Some("bucket")),
            ("GET", "/bucket/", ("host", "127.0.0.1:4566"), "ListObjects", Some("bucket")),
            ("GET", "/bucket", ("host", "s3.us-east-1.amazonaws.com"), "ListObjects", Some("bucket")),
        ] {
            let got = recognise(&request(method, path, &[scope, header], ""), find("ec2").unwrap());
            assert_eq!(
                (got.operation.as_str(), got.target.as_deref(), got.modelled),
                (operation, target, true),
                "{path}"
            );
        }
        for (method, path, name) in [
            ("PUT", "/b/k?partNumber=1&uploadId=u", "UploadPart"),
            ("POST", "/b/k?uploads", "CreateMultipartUpload"),
            ("GET", "/b?acl", "GET /b?acl"),
            ("GET", "/b/k?tagging&x-id=GetObjectTagging", "GetObjectTagging"),
            ("PATCH", "/b/k", "PATCH /b/k"),
        ] {
            let got = recognise(&request(method, path, &[scope], ""), find("ec2").unwrap());
            assert_eq!((got.operation.as_str(), got.modelled), (name, false), "{path}");
        }
    }

    #[test]
    fn buckets_are_made_and_removed() {
        let mut stage = Stage::new("s3");
        let status = |stage: &mut Stage, method: &str, path: &str| {
            let reply = stage.reply(request(method, path, &[], ""));
            (reply.status, reply.code)
        };
        assert_eq!(status(&mut stage, "HEAD", "/never-made"), (200, None));
        assert_eq!(status(&mut stage, "PUT", "/bucket-a"), (200, None));
        assert_eq!(status(&mut stage, "PUT", "/bucket-a"), (409, Some("BucketAlreadyOwnedByYou".to_owned())));
        assert_eq!(status(&mut stage, "PUT", "/Bucket_A"), (400, Some("InvalidBucketName".to_owned())));
        assert_eq!(status(&mut stage, "PUT", "/bucket-a/key"), (200, None));
        assert_eq!(status(&mut stage, "DELETE", "/bucket-a"), (409, Some("BucketNotEmpty".to_owned())));
        assert_eq!(status(&mut stage, "DELETE", "/bucket-a/key"), (204, None));
        assert_eq!(status(&mut stage, "DELETE", "/bucket-a"), (204, None));
        let body = stage.reply(request("GET", "/bucket-a?location", &[], "")).body;
        let xml = "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"></LocationConstraint>";
        assert!(String::from_utf8_lossy(&body).ends_with(xml));
    }
}
