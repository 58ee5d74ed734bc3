//! CloudWatch Logs.

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::operation::put_log_events::builders::PutLogEventsFluentBuilder;
use aws_sdk_cloudwatchlogs::types::InputLogEvent;

use super::unknown;
use crate::told::Ended;

pub(crate) async fn call(c: &Client, operation: &str) -> Ended {
    match operation {
        "PutLogEvents" => drop(hello(c).send().await?),
        other => unknown(other),
    }
    Ok(())
}

/// A line into the log.
fn hello(c: &Client) -> PutLogEventsFluentBuilder {
    let line = InputLogEvent::builder().timestamp(1).message("hello").build().expect("all that it needs");
    c.put_log_events().log_group_name("app").log_stream_name("web").log_events(line)
}

pub(crate) async fn story(c: &Client) -> Ended {
    c.create_log_group().log_group_name("app").send().await?;
    c.create_log_stream().log_group_name("app").log_stream_name("web").send().await?;
    hello(c).send().await?;
    let got = c.get_log_events().log_group_name("app").log_stream_name("web").send().await?;
    assert_eq!(got.events().iter().map(|event| event.message()).collect::<Vec<_>>(), [Some("hello")]);
    let groups = c.describe_log_groups().send().await?;
    assert_eq!(groups.log_groups().iter().map(|g| g.log_group_name()).collect::<Vec<_>>(), [Some("app")]);
    let streams = c.describe_log_streams().log_group_name("app").send().await?;
    assert_eq!(streams.log_streams().iter().map(|s| s.log_stream_name()).collect::<Vec<_>>(), [Some("web")]);
    let filtered = c.filter_log_events().log_group_name("app").send().await?;
    assert_eq!(filtered.events()[0].message(), Some("hello"));
    Ok(())
}
