//! What shares a bucket or a quota: any of account, region, action, table, client and so on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::request::Attempt;

/// One dimension of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Per account.
    Account,
    /// Per Region.
    Region,
    /// Per operation.
    Action,
    /// Per category of operation: mutating or not.
    Category,
    /// Per table.
    Table,
    /// Per partition key: the whole target.
    Partition,
    /// Per key prefix: the target up to its last slash.
    Prefix,
    /// Per function.
    Function,
    /// Per API key (`x-api-key`).
    ApiKey,
    /// Per client.
    Client,
}

/// The key under which `attempt` is counted for these scopes.
pub(super) fn key(scopes: &[Scope], attempt: &Attempt) -> String {
    let target = attempt.target.as_deref().unwrap_or_default();
    let mut key = String::new();
    for scope in scopes {
        let part = match scope {
            Scope::Account => attempt.sender.account.clone(),
            Scope::Region => attempt.sender.region.clone(),
            Scope::Action => attempt.operation.clone(),
            Scope::Category => {
                if crate::service::mutates(attempt.service, &attempt.operation) { "mutating" } else { "reading" }
                    .to_owned()
            }
            Scope::Table | Scope::Function => target.split('/').next().unwrap_or_default().to_owned(),
            Scope::Partition => target.to_owned(),
            Scope::Prefix => target.rsplit_once('/').map_or("", |(prefix, _)| prefix).to_owned(),
            Scope::ApiKey => attempt.request.header("x-api-key").unwrap_or_default().to_owned(),
            Scope::Client => attempt.sender.client.to_string(),
        };
        key.push_str(&part);
        key.push('\u{1f}');
    }
    key
}
