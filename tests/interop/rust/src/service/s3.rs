//! S3.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;

use super::unknown;
use crate::told::Ended;

pub(crate) async fn call(c: &Client, operation: &str) -> Ended {
    match operation {
        "GetObject" => drop(c.get_object().bucket("reports").key("june.csv").send().await?),
        "HeadObject" => drop(c.head_object().bucket("reports").key("june.csv").send().await?),
        "PutObject" => drop(june(c).send().await?),
        other => unknown(other),
    }
    Ok(())
}

/// An object into the bucket.
fn june(c: &Client) -> PutObjectFluentBuilder {
    c.put_object().bucket("reports").key("june.csv").body(ByteStream::from_static(b"1;2"))
}

pub(crate) async fn story(c: &Client) -> Ended {
    c.create_bucket().bucket("reports").send().await?;
    let put = june(c).send().await?;
    let got = c.get_object().bucket("reports").key("june.csv").send().await?;
    assert_eq!(got.e_tag(), put.e_tag());
    let body = got.body.collect().await.expect("a whole body").into_bytes();
    assert_eq!(body.as_ref(), b"1;2");
    let head = c.head_object().bucket("reports").key("june.csv").send().await?;
    assert_eq!(head.content_length(), Some(3));
    let list = c.list_objects_v2().bucket("reports").send().await?;
    assert_eq!(list.contents().iter().map(|object| object.key()).collect::<Vec<_>>(), [Some("june.csv")]);
    let buckets = c.list_buckets().send().await?;
    assert!(buckets.buckets().iter().any(|bucket| bucket.name() == Some("reports")), "{buckets:?}");
    Ok(())
}
