//! EventBridge.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::operation::put_rule::builders::PutRuleFluentBuilder;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, RuleState, Target};

use super::unknown;
use crate::told::Ended;

pub(crate) async fn call(c: &Client, operation: &str) -> Ended {
    match operation {
        "PutRule" => drop(nightly(c).send().await?),
        other => unknown(other),
    }
    Ok(())
}

/// How the rule is made.
fn nightly(c: &Client) -> PutRuleFluentBuilder {
    c.put_rule().name("nightly").schedule_expression("rate(1 day)")
}

pub(crate) async fn story(c: &Client) -> Ended {
    let rule = nightly(c).send().await?;
    assert!(rule.rule_arn().is_some_and(|arn| arn.ends_with(":rule/nightly")), "{rule:?}");
    let queue = Target::builder().id("1").arn("arn:aws:sqs:us-east-1:000000000000:q").build();
    c.put_targets().rule("nightly").targets(queue.expect("all that it needs")).send().await?;
    let targets = c.list_targets_by_rule().rule("nightly").send().await?;
    assert_eq!(targets.targets()[0].id(), "1");
    assert_eq!(c.describe_rule().name("nightly").send().await?.state(), Some(&RuleState::Enabled));
    let rules = c.list_rules().send().await?;
    assert_eq!(rules.rules().iter().map(|rule| rule.name()).collect::<Vec<_>>(), [Some("nightly")]);
    let order = PutEventsRequestEntry::builder().source("shop").detail_type("order").detail("{}").build();
    let put = c.put_events().entries(order).send().await?;
    assert_eq!(put.failed_entry_count(), 0);
    assert!(put.entries()[0].event_id().is_some(), "{put:?}");
    Ok(())
}
