//! EC2, whose crate is so large that it is built in only if asked for.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::InstanceType;

use super::unknown;
use crate::told::Ended;

pub(crate) async fn call(c: &Client, operation: &str) -> Ended {
    match operation {
        "DescribeInstances" => drop(c.describe_instances().send().await?),
        other => unknown(other),
    }
    Ok(())
}

pub(crate) async fn story(c: &Client) -> Ended {
    let run = c.run_instances().image_id("ami-1").instance_type(InstanceType::T3Micro).min_count(1).max_count(1);
    let run = run.send().await?;
    let id = run.instances()[0].instance_id().expect("the instance has an id");
    let seen = c.describe_instances().instance_ids(id).send().await?;
    let seen = &seen.reservations()[0].instances()[0];
    assert_eq!(seen.instance_id(), Some(id));
    let state = seen.state().and_then(|state| state.name()).map(|name| name.as_str());
    assert!(matches!(state, Some("pending" | "running")), "{seen:?}");
    assert!(seen.launch_time().is_some_and(|at| at.secs() > 0), "{seen:?}");
    let ended = c.terminate_instances().instance_ids(id).send().await?;
    assert_eq!(ended.terminating_instances()[0].instance_id(), Some(id));
    let made = c.create_key_pair().key_name("door").send().await?;
    let pairs = c.describe_key_pairs().key_names("door").send().await?;
    assert_eq!(pairs.key_pairs().iter().map(|pair| pair.key_pair_id()).collect::<Vec<_>>(), [made.key_pair_id()]);
    c.delete_key_pair().key_name("door").send().await?;
    assert!(c.describe_key_pairs().send().await?.key_pairs().is_empty());
    Ok(())
}
