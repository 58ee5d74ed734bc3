//! Lists of buckets and objects, and deletions of many objects at once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{BUCKET, OBJECT, Stage, id_of, objects, text, wire_error_with};
use crate::protocol::{WireError, xml};
use crate::service::{Done, iso_date};

/// The most entries of one page, and the most deletions of one request.
const PAGE_MAX: usize = 1000;

/// The objects that the body of a `DeleteObjects` request names. Its XML is flat enough for a plain search.
pub(super) fn to_delete(body: &[u8]) -> Value {
    let body = String::from_utf8_lossy(body);
    let entries = body.split("<Key>").skip(1).filter_map(|rest| rest.split_once("</Key>"));
    entries.take(PAGE_MAX).map(|(key, _)| json!({"Key": xml::unescape(key)})).collect()
}

/// Their keys.
pub(super) fn keys(params: &Value) -> impl Iterator<Item = &str> {
    let objects = params.get("Objects").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    objects.iter().map(|object| text(object, "Key"))
}

impl Stage<'_> {
    fn owner(&self) -> Value {
        json!({"ID": self.account, "DisplayName": "brownout"})
    }

    pub(super) fn list_buckets(&self) -> Done {
        let buckets: Vec<Value> = self
            .world
            .list(self.account, BUCKET)
            .map(|(name, bucket)| json!({"Name": name, "CreationDate": iso_date(self.world.date_of(bucket.created))}))
            .collect();
        let output = json!({"ListAllMyBucketsResult": {"Buckets": {"Bucket": buckets}, "Owner": self.owner()}});
        Done { output, ..Done::default() }
    }

    /// `ListObjects` and `ListObjectsV2`. A continuation token is the last key of the page before it.
    pub(super) fn list_objects(&self) -> Done {
        let query = |name: &str| text(&self.attempt.params, name);
        let second = self.attempt.operation == "ListObjectsV2";
        let (prefix, delimiter) = (query("prefix"), query("delimiter"));
        let after = match (second, query("continuation-token")) {
            (false, _) => query("marker"),
            (true, "") => query("start-after"),
            (true, token) => token,
        };
        let most = query("max-keys").parse().map_or(PAGE_MAX, |n: usize| n.min(PAGE_MAX));
        let root = id_of(self.bucket, "");
        let (mut contents, mut groups) = (Vec::new(), BTreeSet::new());
        let (mut last, mut truncated) = (String::new(), false);
        for (id, object) in self.world.list(self.account, OBJECT) {
            let Some(key) = id.strip_prefix(&root).filter(|key| key.starts_with(prefix)) else { continue };
            let cut = Some(delimiter).filter(|d| !d.is_empty()).and_then(|d| key.get(prefix.len()..)?.find(d));
            let group = cut.and_then(|at| key.get(..prefix.len() + at + delimiter.len()));
            // A group counts once, and was seen before if the page before ended with it.
            let place = group.unwrap_or(key);
            if place <= after || groups.contains(place) {
                continue;
            }
            if contents.len() + groups.len() >= most {
                truncated = true;
                break;
            }
            place.clone_into(&mut last);
            match group {
                Some(group) => _ = groups.insert(group.to_owned()),
                None => contents.push(json!({
                    "Key": key,
                    "LastModified": iso_date(self.world.date_of(object.created)),
                    "ETag": text(&object.value, "etag"),
                    "Size": object.value.get("size"),
                    "StorageClass": "STANDARD",
                })),
            }
        }
        let mut result = json!({
            "Name": self.bucket,
            "Prefix": prefix,
            "MaxKeys": most,
            "IsTruncated": truncated,
            "CommonPrefixes": groups.iter().map(|group| json!({"Prefix": group})).collect::<Vec<_>>(),
        });
        if !delimiter.is_empty() {
            result["Delimiter"] = delimiter.into();
        }
        if second {
            result["KeyCount"] = (contents.len() + groups.len()).into();
        } else {
            result["Marker"] = after.into();
        }
        if truncated {
            result[if second { "NextContinuationToken" } else { "NextMarker" }] = last.into();
        }
        result["Contents"] = contents.into();
        Done { output: json!({"ListBucketResult": result}), ..Done::default() }
    }

    pub(super) fn delete_objects(&mut self) -> Result<Done, WireError> {
        let keys: Vec<&str> = keys(&self.attempt.params).collect();
        if keys.is_empty() {
            return Err(wire_error_with(&super::S3, "MalformedXML", "The body names no object to delete"));
        }
        for key in &keys {
            self.world.remove(self.account, OBJECT, &id_of(self.bucket, key));
        }
        let body = objects::body_of(&self.attempt.request);
        let quiet = String::from_utf8_lossy(&body).contains("<Quiet>true</Quiet>");
        let deleted: Vec<Value> = keys.iter().filter(|_| !quiet).map(|key| json!({"Key": key})).collect();
        Ok(Done { output: json!({"DeleteResult": {"Deleted": deleted}}), ..Done::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::{Stage, request};

    #[test]
    fn pages_follow_each_other() {
        let mut stage = Stage::new("s3");
        for key in ["a/1", "a/2", "b", "c/1", "d%26"] {
            stage.reply(request("PUT", &format!("/bucket/{key}"), &[], "x"));
        }
        let list = |stage: &mut Stage, query: &str| {
            let ask = request("GET", &format!("/bucket?list-type=2&{query}"), &[], "");
            let result = stage.send(ask).1.unwrap().output["ListBucketResult"].take();
            let keys = result["Contents"].as_array().unwrap().iter().map(|c| c["Key"].as_str().unwrap().to_owned());
            let groups =
                result["CommonPrefixes"].as_array().unwrap().iter().map(|c| c["Prefix"].as_str().unwrap().to_owned());
            (keys.collect::<Vec<_>>(), groups.collect::<Vec<_>>(), result["NextContinuationToken"].clone())
        };
        assert_eq!(list(&mut stage, "prefix=a/").0, ["a/1", "a/2"]);
        let (keys, groups, next) = list(&mut stage, "delimiter=/&max-keys=2");
        assert_eq!((keys, groups, next.as_str()), (vec!["b".to_owned()], vec!["a/".to_owned()], Some("b")));
        let (keys, groups, next) = list(&mut stage, "delimiter=/&max-keys=2&continuation-token=b");
        assert_eq!((keys, groups, next), (vec!["d&".to_owned()], vec!["c/".to_owned()], Value::Null));
    }

    #[test]
    fn many_are_deleted_at_once() {
        let mut stage = Stage::new("s3");
        stage.reply(request("PUT", "/bucket/a%26b", &[], "x"));
        let body = "<Delete><Object><Key>a&amp;b</Key></Object><Object><Key>c</Key></Object></Delete>";
        let (attempt, done) = stage.send(request("POST", "/bucket?delete", &[], body));
        assert_eq!(attempt.service.refers_to(&attempt), ["bucket/a&b", "bucket/c"]);
        assert_eq!(done.unwrap().output["DeleteResult"]["Deleted"].as_array().unwrap().len(), 2);
        assert_eq!(stage.reply(request("GET", "/bucket/a%26b", &[], "")).status, 404);
    }
}
