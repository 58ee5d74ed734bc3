//! IAM.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::StatusType;

use super::unknown;
use crate::told::Ended;

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;

pub(crate) async fn call(c: &Client, operation: &str) -> Ended {
    match operation {
        "CreateUser" => drop(c.create_user().user_name("ann").send().await?),
        other => unknown(other),
    }
    Ok(())
}

pub(crate) async fn story(c: &Client) -> Ended {
    let made = c.create_user().user_name("ann").send().await?;
    let made = made.user().expect("the user that was made");
    assert!(made.arn().ends_with(":user/ann") && made.create_date().secs() > 0, "{made:?}");
    let got = c.get_user().user_name("ann").send().await?;
    assert_eq!(got.user().map(|user| user.user_id()), Some(made.user_id()));
    let users = c.list_users().send().await?;
    assert_eq!(users.users().iter().map(|user| user.user_name()).collect::<Vec<_>>(), ["ann"]);
    c.create_role().role_name("reader").assume_role_policy_document(POLICY).send().await?;
    let role = c.get_role().role_name("reader").send().await?;
    let policy = role.role().and_then(|role| role.assume_role_policy_document()).unwrap_or_default();
    // The service writes policies as URLs write them, and this SDK hands them on as they come.
    assert!(policy.contains("%222012-10-17%22"), "{policy}");
    let managed = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    c.attach_role_policy().role_name("reader").policy_arn(managed).send().await?;
    assert!(c.list_attached_role_policies().role_name("reader").send().await?.attached_policies().is_empty());
    let key = c.create_access_key().user_name("ann").send().await?;
    assert_eq!(key.access_key().map(|key| key.status()), Some(&StatusType::Active));
    c.delete_user().user_name("ann").send().await?;
    assert!(c.list_users().send().await?.users().is_empty());
    Ok(())
}
