//! STS.

use aws_sdk_sts::Client;

use super::unknown;
use crate::told::Ended;

const ROLE: &str = "arn:aws:iam::000000000000:role/reader";

pub(crate) async fn call(c: &Client, operation: &str) -> Ended {
    match operation {
        "GetCallerIdentity" => drop(c.get_caller_identity().send().await?),
        "AssumeRoleWithWebIdentity" => {
            let role = c.assume_role_with_web_identity().role_arn(ROLE).role_session_name("report");
            role.web_identity_token("token").send().await?;
        }
        other => unknown(other),
    }
    Ok(())
}

pub(crate) async fn story(c: &Client) -> Ended {
    assert_eq!(c.get_caller_identity().send().await?.account(), Some("000000000000"));
    let role = c.assume_role().role_arn(ROLE).role_session_name("report").send().await?;
    let user = role.assumed_role_user().expect("the role that was taken on");
    assert!(user.arn().ends_with("assumed-role/reader/report"), "{role:?}");
    assert!(role.credentials().is_some_and(|found| found.expiration().secs() > 0), "{role:?}");
    Ok(())
}
