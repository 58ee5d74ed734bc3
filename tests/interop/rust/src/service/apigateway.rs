//! API Gateway's control plane.

use aws_sdk_apigateway::Client;

use super::unknown;
use crate::told::Ended;

pub(crate) async fn call(c: &Client, operation: &str) -> Ended {
    match operation {
        "CreateDeployment" => drop(c.create_deployment().rest_api_id("shop").send().await?),
        other => unknown(other),
    }
    Ok(())
}

pub(crate) async fn story(c: &Client) -> Ended {
    let api = c.create_rest_api().name("shop").send().await?;
    assert!(api.created_date().is_some_and(|made| made.secs() > 0), "{api:?}");
    let id = api.id().expect("the API has an id");
    assert_eq!(c.get_rest_api().rest_api_id(id).send().await?.name(), Some("shop"));
    let all = c.get_rest_apis().send().await?;
    assert_eq!(all.items().iter().map(|a| a.id()).collect::<Vec<_>>(), [Some(id)]);
    let made = c.create_deployment().rest_api_id(id).stage_name("prod").send().await?;
    let deployments = c.get_deployments().rest_api_id(id).send().await?;
    assert_eq!(deployments.items()[0].id(), made.id());
    let account = c.get_account().send().await?;
    let throttle = account.throttle_settings().expect("the account has throttle settings");
    assert_eq!((throttle.burst_limit(), throttle.rate_limit()), (5000, 10000.0));
    c.delete_rest_api().rest_api_id(id).send().await?;
    Ok(())
}
