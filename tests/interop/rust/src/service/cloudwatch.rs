//! CloudWatch's metrics, which this SDK asks for in CBOR.

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    ComparisonOperator, Metric, MetricDataQuery, MetricDatum, MetricStat, StateValue, Statistic, Tag,
};

use super::unknown;
use crate::told::Ended;

pub(crate) async fn call(c: &Client, operation: &str) -> Ended {
    match operation {
        "PutMetricData" => {
            let sold = MetricDatum::builder().metric_name("sold").value(1.0).build();
            c.put_metric_data().namespace("shop").metric_data(sold).send().await?;
        }
        "TagResource" => {
            let tag = Tag::builder().key("k").value("v").build();
            let alarm = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a";
            c.tag_resource().resource_arn(alarm).tags(tag).send().await?;
        }
        other => unknown(other),
    }
    Ok(())
}

pub(crate) async fn story(c: &Client) -> Ended {
    let sold = MetricDatum::builder().metric_name("sold").values(1.0).values(3.0).build();
    c.put_metric_data().namespace("shop").metric_data(sold).send().await?;
    let metrics = c.list_metrics().namespace("shop").send().await?;
    assert_eq!(metrics.metrics().iter().map(Metric::metric_name).collect::<Vec<_>>(), [Some("sold")]);

    let (since, until) = (DateTime::from_secs(0), DateTime::from_secs(9_999_999_999));
    let metric = Metric::builder().namespace("shop").metric_name("sold").build();
    let stat = MetricStat::builder().metric(metric).period(60).stat("Sum").build();
    let query = MetricDataQuery::builder().id("a").metric_stat(stat).build();
    let data = c.get_metric_data().metric_data_queries(query).start_time(since).end_time(until).send().await?;
    let found = &data.metric_data_results()[0];
    assert_eq!(found.values(), [1.0, 3.0]);
    assert!(found.timestamps()[0].secs() > 0, "{found:?}");

    let points = c
        .get_metric_statistics()
        .namespace("shop")
        .metric_name("sold")
        .period(60)
        .statistics(Statistic::Sum)
        .start_time(since)
        .end_time(until)
        .send()
        .await?;
    let point = &points.datapoints()[0];
    assert_eq!(point.sum(), Some(4.0));
    assert!(point.timestamp().is_some_and(|at| at.secs() > 0), "{point:?}");

    c.put_metric_alarm()
        .alarm_name("low")
        .namespace("shop")
        .metric_name("sold")
        .evaluation_periods(1)
        .period(60)
        .statistic(Statistic::Sum)
        .threshold(1.0)
        .comparison_operator(ComparisonOperator::LessThanThreshold)
        .send()
        .await?;
    let alarms = c.describe_alarms().alarm_names("low").send().await?;
    let alarm = &alarms.metric_alarms()[0];
    assert_eq!(alarm.state_value(), Some(&StateValue::InsufficientData));
    assert!(alarm.state_updated_timestamp().is_some_and(|at| at.secs() > 0), "{alarm:?}");
    Ok(())
}
