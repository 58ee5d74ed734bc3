//! Kinesis.

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::operation::put_record::builders::PutRecordFluentBuilder;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, ShardIteratorType};

use super::unknown;
use crate::told::Ended;

pub(crate) async fn call(c: &Client, operation: &str) -> Ended {
    match operation {
        "PutRecord" => drop(record(c, "hello").send().await?),
        other => unknown(other),
    }
    Ok(())
}

/// A record into the stream.
fn record(c: &Client, data: &str) -> PutRecordFluentBuilder {
    c.put_record().stream_name("clicks").data(Blob::new(data)).partition_key("a")
}

pub(crate) async fn story(c: &Client) -> Ended {
    c.create_stream().stream_name("clicks").shard_count(1).send().await?;
    let seen = c.describe_stream_summary().stream_name("clicks").send().await?;
    let seen = seen.stream_description_summary().expect("the stream that was made");
    assert!(seen.stream_creation_timestamp().secs() > 0 && seen.open_shard_count() == 1, "{seen:?}");
    let shards = c.list_shards().stream_name("clicks").send().await?;
    let shard = shards.shards()[0].shard_id();
    let first = record(c, "one").send().await?;
    let two = PutRecordsRequestEntry::builder().data(Blob::new("two")).partition_key("a").build();
    let put = c.put_records().stream_name("clicks").records(two.expect("all that it needs")).send().await?;
    assert_eq!(put.failed_record_count(), Some(0));
    assert!(put.records()[0].sequence_number() > Some(first.sequence_number()), "{put:?}");
    let start = c.get_shard_iterator().stream_name("clicks").shard_id(shard);
    let start = start.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await?;
    let got = c.get_records().set_shard_iterator(start.shard_iterator().map(str::to_owned)).send().await?;
    let got: Vec<&[u8]> = got.records().iter().map(|record| record.data().as_ref()).collect();
    assert_eq!(got, [b"one", b"two"]);
    Ok(())
}
