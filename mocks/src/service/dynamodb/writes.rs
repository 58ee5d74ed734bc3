//! Writes of items: each is planned on what is there, and happens if its condition holds.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::expressions::{Given, refuse_legacy};
use super::items::{ITEM, canonical, within};
use super::updates::Update;
use super::values::{Path, project};
use super::{DynamoDb, Stage, invalid, text, wire_error, wire_error_with};
use crate::protocol::WireError;
use crate::service::Done;

/// What a write would do.
struct Change {
    id: String,
    old: Option<Value>,
    new: Option<Value>,
    /// The places that an update touches.
    touched: Vec<Path>,
    /// Whether its condition holds.
    met: bool,
    /// Whether a refusal shows the item that it met.
    shows: bool,
}

impl Change {
    /// The attributes that the answer shows.
    fn returned(&self, wanted: &str) -> Value {
        let part = |item: &Option<Value>| item.as_ref().map(|item| project(item, &self.touched));
        let attributes = match wanted {
            "ALL_OLD" => self.old.clone(),
            "ALL_NEW" => self.new.clone(),
            "UPDATED_OLD" => part(&self.old),
            "UPDATED_NEW" => part(&self.new),
            _ => None,
        };
        let attributes = attributes.filter(|a| a.as_object().is_some_and(|members| !members.is_empty()));
        attributes.map_or_else(|| json!({}), |attributes| json!({"Attributes": attributes}))
    }
}

/// Refuses `ReturnValues` that an operation does not have.
fn return_values<'a>(request: &'a Value, verb: &str) -> Result<&'a str, WireError> {
    match (text(request, "ReturnValues"), verb) {
        (wanted @ ("" | "NONE" | "ALL_OLD"), _) | (wanted @ ("ALL_NEW" | "UPDATED_OLD" | "UPDATED_NEW"), "Update") => {
            Ok(wanted)
        }
        (wanted, _) => Err(invalid(format!("ReturnValues can not be {wanted} here"))),
    }
}

impl Stage<'_> {
    /// `PutItem`, `DeleteItem` and `UpdateItem`.
    pub(super) fn write_item(&mut self, verb: &str) -> Result<Value, WireError> {
        let wanted = return_values(self.params, verb)?;
        let change = self.planned(verb, self.params)?;
        if !change.met {
            let mut error = wire_error(&DynamoDb, "ConditionalCheckFailedException");
            if let Some(item) = change.old.filter(|_| change.shows) {
                error.members.push(("Item".to_owned(), item));
            }
            return Err(error);
        }
        let output = change.returned(wanted);
        self.world.write(self.account, ITEM, &change.id, change.new);
        Ok(output)
    }

    /// What a write would do, on what is there now.
    fn planned(&mut self, verb: &str, request: &Value) -> Result<Change, WireError> {
        refuse_legacy(request, &["Expected", "ConditionalOperator"])?;
        let table = Some(text(request, "TableName")).filter(|t| !t.is_empty());
        let table = table.ok_or_else(|| invalid("TableName is missing"))?;
        let given = Given::new(request);
        let condition = given.condition("ConditionExpression")?;
        let key = request.get("Key");
        let id = match verb {
            "Put" => {
                let item = request.get("Item").filter(|i| i.is_object()).ok_or_else(|| invalid("Item is missing"))?;
                if condition.is_some() && self.key_of(table, item).is_none() {
                    return Err(invalid(format!(
                        "brownout does not know the key of the table {table}, so it cannot tell which item the \
                         condition is about; call CreateTable first, or name the key `pk` or `id`"
                    )));
                }
                self.id_of(table, item)
            }
            _ => self.keyed(table, key)?,
        };
        let update = if verb == "Update" { Update::of(&given, request)? } else { Update::default() };
        given.all_used()?;
        let touched = update.touched();
        let of_key = |path: &&Path| key.is_some_and(|key| path.first().is_some_and(|name| key.get(name).is_some()));
        if let Some(path) = touched.iter().find(of_key) {
            let message = format!("Cannot update attribute {}. This attribute is part of the key", path.join("."));
            return Err(invalid(format!("One or more parameter values were invalid: {message}")));
        }
        let old = self.world.get(self.account, ITEM, &id).map(|entity| entity.value.clone());
        let nothing = json!({});
        let met = condition.is_none_or(|condition| condition.holds(old.as_ref().unwrap_or(&nothing)));
        let new = match verb {
            _ if !met => old.clone(),
            "Put" => request.get("Item").cloned(),
            "Delete" => None,
            "Update" => Some(update.apply(old.as_ref().or(key).unwrap_or(&nothing))?),
            _ => old.clone(),
        };
        let shows = text(request, "ReturnValuesOnConditionCheckFailure") == "ALL_OLD";
        Ok(Change { id, old, new, touched, met, shows })
    }

    /// Writes everything, or nothing: if a condition does not hold, or the token was used for something else.
    pub(super) fn transact_write(&mut self) -> Result<Done, WireError> {
        let parts = self.params.get("TransactItems").and_then(Value::as_array);
        let parts = parts.ok_or_else(|| invalid("TransactItems are missing"))?;
        within(parts)?;
        let token = text(self.params, "ClientRequestToken");
        let content = canonical(self.params.get("TransactItems").unwrap_or(&Value::Null));
        match self.world.token(self.account, token).filter(|_| !token.is_empty()) {
            Some((before, _)) if *before != content => {
                return Err(wire_error(&DynamoDb, "IdempotentParameterMismatchException"));
            }
            Some(_) => return Ok(Done { output: json!({}), again: true, ..Done::default() }),
            None => {}
        }
        let part = |part: &'_ Value| {
            let (verb, request) = part.as_object().filter(|p| p.len() == 1)?.iter().next()?;
            ["ConditionCheck", "Delete", "Put", "Update"]
                .contains(&verb.as_str())
                .then(|| (verb.clone(), request.clone()))
        };
        let parts: Option<Vec<_>> = parts.iter().map(part).collect();
        let parts =
            parts.ok_or_else(|| invalid("a part of TransactItems is no ConditionCheck, Delete, Put or Update"))?;
        // Whoever names a key tells how the table's items are filed, which those that put items have to know.
        for (_, request) in parts.iter().filter(|(verb, _)| verb != "Put") {
            self.keyed(text(request, "TableName"), request.get("Key"))?;
        }
        let changes: Vec<Change> =
            parts.iter().map(|(verb, request)| self.planned(verb, request)).collect::<Result<_, _>>()?;
        let ids: BTreeSet<&String> = changes.iter().map(|change| &change.id).collect();
        if ids.len() < changes.len() {
            return Err(invalid("Transaction request cannot include multiple operations on one item"));
        }
        if changes.iter().any(|change| !change.met) {
            return Err(cancelled(&changes));
        }
        for change in changes {
            if change.old != change.new {
                self.world.write(self.account, ITEM, &change.id, change.new);
            }
        }
        if !token.is_empty() {
            self.world.keep_token(self.account, token, content, Vec::new());
        }
        Ok(Done { output: json!({}), ..Done::default() })
    }
}

/// Why a transaction did not happen, part by part.
fn cancelled(changes: &[Change]) -> WireError {
    let codes: Vec<&str> = changes.iter().map(|c| if c.met { "None" } else { "ConditionalCheckFailed" }).collect();
    let message =
        format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{}]", codes.join(", "));
    let mut error = wire_error_with(&DynamoDb, "TransactionCanceledException", message);
    let reason = |(change, code): (&Change, &&str)| {
        let mut reason = json!({"Code": code});
        if !change.met {
            reason["Message"] = "The conditional request failed".into();
        }
        if let Some(item) = change.old.as_ref().filter(|_| change.shows && !change.met) {
            reason["Item"] = item.clone();
        }
        reason
    };
    let reasons: Vec<Value> = changes.iter().zip(&codes).map(reason).collect();
    error.members.push(("CancellationReasons".to_owned(), reasons.into()));
    error
}
