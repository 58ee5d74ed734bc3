//! Instances: pending for a while, then running; shutting down for a while, then terminated.

use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Ec2, Stage, done, filters, numbered};
use crate::endpoint::World;
use crate::journal::micros;
use crate::protocol::WireError;
use crate::request::Attempt;
use crate::service::{Done, Service as _, text, wire_error_with};

#[cfg(test)]
mod tests;

/// The kind of entity that an instance is.
pub(super) const KIND: &str = "instance";

/// How long a change of state takes.
const TRANSITION: Duration = Duration::from_secs(5);

/// The most instances of one request: a mistyped count must not eat the machine.
const COUNT_MAX: u64 = 1000;

/// A count of `RunInstances`: one if it is absent, `None` if it is no positive number.
pub(crate) fn count(params: &Value, name: &str) -> Option<u64> {
    let given = text(params, name);
    match given.parse::<u64>() {
        _ if given.is_empty() => Some(1),
        Ok(count) => Some(count).filter(|count| *count > 0),
        // So many digits are a number all the same, and more than any limit.
        Err(_) => given.bytes().all(|b| b.is_ascii_digit()).then_some(u64::MAX),
    }
}

/// Whether an id looks like one of an instance: `i-` and hex digits.
fn well_formed(id: &str) -> bool {
    id.strip_prefix("i-").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// State after a change: code and name, while it goes on and when it is over.
fn states(phase: &str) -> [(u8, &'static str); 2] {
    match phase {
        "stop" => [(64, "stopping"), (80, "stopped")],
        "terminate" => [(32, "shutting-down"), (48, "terminated")],
        _ => [(0, "pending"), (16, "running")],
    }
}

/// What a client token is remembered by: it is zonal where the request names a zone or a subnet, else it
/// holds for the Region (guidance 4.4).
fn kept_token(params: &Value) -> String {
    let zone = ["Placement.AvailabilityZone", "SubnetId", "NetworkInterface.1.SubnetId"].map(|key| text(params, key));
    format!("{}\u{1f}{}", text(params, "ClientToken"), zone.into_iter().find(|z| !z.is_empty()).unwrap_or_default())
}

/// Code and name of the state that an instance is in at `now`.
fn state_at(instance: &Value, now: Duration) -> (u8, &'static str) {
    states(text(instance, "phase"))[usize::from(now.saturating_sub(since(instance)) >= TRANSITION)]
}

/// When the last change of an instance began.
fn since(instance: &Value) -> Duration {
    Duration::from_micros(instance.get("since_us").and_then(Value::as_u64).unwrap_or(0))
}

/// What an instance limit looks at.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Limited {
    /// Instances that count by now.
    pub(crate) standing: u64,
    /// Instances that the request would add.
    pub(crate) wanted: u64,
}

impl Limited {
    /// For a request that starts instances, where terminated ones go on counting for `lag`. Stopped ones
    /// do not count, and a request whose token was used before adds nothing.
    pub(crate) fn of(attempt: &Attempt, world: &World, lag: Duration) -> Self {
        let (params, home, now) = (&attempt.params, Ec2.realm(&attempt.sender), world.now);
        let counts = |instance: &Value| match state_at(instance, now).1 {
            "stopped" => false,
            "terminated" => now.saturating_sub(since(instance)) < TRANSITION + lag,
            _ => true,
        };
        let standing = world.list(&home, KIND).filter(|(_, entity)| counts(&entity.value)).count() as u64;
        let wanted = if attempt.operation == "RunInstances" {
            let token = !text(params, "ClientToken").is_empty();
            let again = token && world.token(&home, &kept_token(params)).is_some();
            // What is no number is refused by the operation, and starts nothing.
            if again { 0 } else { count(params, "MaxCount").unwrap_or(0).min(u64::from(u32::MAX)) }
        } else {
            let named = numbered(params, "InstanceId");
            let stopped = |id: &String| world.get(&home, KIND, id).is_some_and(|e| !counts(&e.value));
            named.iter().filter(|id| stopped(id)).count() as u64
        };
        Self { standing, wanted }
    }
}

impl Stage<'_> {
    pub(super) fn run_instances(&mut self) -> Result<Done, WireError> {
        let count = |name: &str| {
            count(self.params, name).ok_or_else(|| {
                let message = format!("{name} is {}, which is no positive number", text(self.params, name));
                wire_error_with(&Ec2, "InvalidParameterValue", message)
            })
        };
        let (least, most) = (count("MinCount")?, count("MaxCount")?);
        if most < least {
            let message = format!("MinCount {least} and MaxCount {most} do not fit together");
            return Err(wire_error_with(&Ec2, "InvalidParameterValue", message));
        }
        if most > COUNT_MAX {
            let message = format!("{most} instances are more than the {COUNT_MAX} that one request may start");
            return Err(wire_error_with(&Ec2, "InstanceLimitExceeded", message));
        }
        let token = text(self.params, "ClientToken").to_owned();
        let kept = kept_token(self.params);
        let hash = self.parameters_hash();
        if let Some((before, ids)) = self.world.token(&self.home, &kept).filter(|_| !token.is_empty()) {
            if *before != hash {
                let message = format!("The client token {token} was used before, with other parameters");
                return Err(wire_error_with(&Ec2, "IdempotentParameterMismatch", message));
            }
            let ids = ids.clone();
            return Ok(Done { again: true, created: ids.clone(), ..done(self.reservation(&ids)) });
        }
        let reservation = self.world.id("r-");
        let ids: Vec<String> = (0..most).map(|_| self.world.id("i-")).collect();
        for (index, id) in ids.iter().enumerate() {
            let value = json!({
                "reservation": reservation,
                "index": index,
                "image": text(self.params, "ImageId"),
                "type": Some(text(self.params, "InstanceType")).filter(|t| !t.is_empty()).unwrap_or("m1.small"),
                "token": token,
                "region": self.attempt.sender.region,
                "tags": [],
                "phase": "start",
                "since_us": micros(self.world.now),
            });
            self.world.put(&self.home, KIND, id, value);
        }
        if !token.is_empty() {
            self.world.keep_token(&self.home, &kept, hash, ids.clone());
        }
        Ok(Done { output: self.reservation(&ids), created: ids, ..Done::default() })
    }

    /// What a repeated token is compared by: everything but the token, in an order of its own.
    fn parameters_hash(&self) -> String {
        let mut all: Vec<_> =
            self.params.as_object().into_iter().flatten().filter(|(k, _)| *k != "ClientToken").collect();
        all.sort_by_key(|(key, _)| *key);
        let mut hash = Sha256::new();
        for (key, value) in all {
            hash.update(format!("{key}={value}\n"));
        }
        hex::encode(hash.finalize())
    }

    /// One reservation with these instances.
    fn reservation(&self, ids: &[String]) -> Value {
        let items: Vec<Value> = ids.iter().filter_map(|id| self.instance(id)).collect();
        let first = ids.first().and_then(|id| self.world.get(&self.home, KIND, id));
        let reservation = first.map_or("", |entity| text(&entity.value, "reservation"));
        json!({
            "reservationId": reservation,
            "ownerId": self.account,
            "groupSet": [],
            "instancesSet": items,
        })
    }

    /// Code and name of the state that an instance is in now.
    fn state(&self, instance: &Value) -> (u8, &'static str) {
        state_at(instance, self.world.now)
    }

    /// An instance as the Describe calls show it.
    fn instance(&self, id: &str) -> Option<Value> {
        let entity = self.world.get(&self.home, KIND, id)?;
        let value = &entity.value;
        let (code, name) = self.state(value);
        let zone = format!("{}a", text(value, "region"));
        Some(json!({
            "instanceId": id,
            "imageId": text(value, "image"),
            "instanceState": {"code": code, "name": name},
            "privateDnsName": "",
            "dnsName": "",
            "amiLaunchIndex": value.get("index"),
            "instanceType": text(value, "type"),
            "launchTime": self.created_at(entity.created),
            "placement": {"availabilityZone": zone, "groupName": "", "tenancy": "default"},
            "monitoring": {"state": "disabled"},
            "architecture": "x86_64",
            "rootDeviceType": "ebs",
            "clientToken": text(value, "token"),
            "tagSet": value.get("tags"),
        }))
    }

    /// The ids that a request is about: those it names, which must all exist, or all that exist.
    fn chosen(&self) -> Result<Vec<String>, WireError> {
        let named = numbered(self.params, "InstanceId");
        if let Some(id) = named.iter().find(|id| !well_formed(id)) {
            return Err(wire_error_with(&Ec2, "InvalidInstanceID.Malformed", format!("Invalid id: \"{id}\"")));
        }
        let missing: Vec<&str> =
            named.iter().filter(|id| self.world.get(&self.home, KIND, id).is_none()).map(String::as_str).collect();
        match *missing {
            [] if named.is_empty() => Ok(self.world.list(&self.home, KIND).map(|(id, _)| id.to_owned()).collect()),
            [] => Ok(named),
            [one] => Err(self.not_found("instance ID", one)),
            _ => {
                let message = format!("The instance IDs '{}' do not exist", missing.join(", "));
                Err(wire_error_with(&Ec2, "InvalidInstanceID.NotFound", message))
            }
        }
    }

    /// Whether one of these is on its way to another state.
    fn unsettled<'a>(&self, ids: impl IntoIterator<Item = &'a String>) -> bool {
        let state = |id| self.world.get(&self.home, KIND, id).map(|entity| self.state(&entity.value).1);
        ids.into_iter().any(|id| matches!(state(id), Some("pending" | "stopping" | "shutting-down")))
    }

    /// Whether an instance passes the filters. Filters that are not modelled let everything pass.
    fn passes(&self, id: &str, value: &Value) -> bool {
        filters(self.params).iter().all(|(name, wanted)| match name.as_str() {
            "instance-id" => wanted.iter().any(|w| w == id),
            "instance-state-name" => wanted.iter().any(|w| w == self.state(value).1),
            "client-token" => wanted.iter().any(|w| w == text(value, "token")),
            "reservation-id" => wanted.iter().any(|w| w == text(value, "reservation")),
            _ => true,
        })
    }

    pub(super) fn describe_instances(&mut self) -> Result<Done, WireError> {
        let mut reservations = Vec::<(String, Vec<String>)>::new();
        for id in self.chosen()? {
            let Some(entity) = self.world.get(&self.home, KIND, &id).filter(|e| self.passes(&id, &e.value)) else {
                continue;
            };
            let reservation = text(&entity.value, "reservation").to_owned();
            match reservations.iter_mut().find(|(known, _)| *known == reservation) {
                Some((_, ids)) => ids.push(id),
                None => reservations.push((reservation, vec![id])),
            }
        }
        let set: Vec<Value> = reservations.iter().map(|(_, ids)| self.reservation(ids)).collect();
        let unsettled = self.unsettled(reservations.iter().flat_map(|(_, ids)| ids));
        Ok(Done { unsettled, ..done(json!({"reservationSet": set})) })
    }

    pub(super) fn describe_instance_status(&mut self) -> Result<Done, WireError> {
        let all = text(self.params, "IncludeAllInstances") == "true";
        let mut set = Vec::new();
        let chosen = self.chosen()?;
        let unsettled = self.unsettled(&chosen);
        for id in chosen {
            let Some(entity) = self.world.get(&self.home, KIND, &id) else { continue };
            let (code, name) = self.state(&entity.value);
            if (!all && name != "running") || !self.passes(&id, &entity.value) {
                continue;
            }
            let health = if name == "running" { "ok" } else { "not-applicable" };
            set.push(json!({
                "instanceId": id,
                "availabilityZone": format!("{}a", text(&entity.value, "region")),
                "instanceState": {"code": code, "name": name},
                "systemStatus": {"status": health, "details": [{"name": "reachability", "status": "passed"}]},
                "instanceStatus": {"status": health, "details": [{"name": "reachability", "status": "passed"}]},
            }));
        }
        Ok(Done { unsettled, ..done(json!({"instanceStatusSet": set})) })
    }

    /// Start, stop and terminate: all named instances, or none if one of them is in the wrong state.
    pub(super) fn change_instances(&mut self) -> Result<Done, WireError> {
        self.required("InstanceId")?;
        let phase = match self.attempt.operation.as_str() {
            "StopInstances" => "stop",
            "TerminateInstances" => "terminate",
            _ => "start",
        };
        let ids = self.chosen()?;
        for id in &ids {
            let Some(entity) = self.world.get(&self.home, KIND, id) else { continue };
            let (_, state) = self.state(&entity.value);
            let wrong = match phase {
                "start" => !matches!(state, "stopped" | "pending" | "running"),
                "stop" => !matches!(state, "running" | "stopping" | "stopped"),
                _ => false,
            };
            if wrong {
                let message = format!("The instance '{id}' cannot {phase} while it is {state}");
                return Err(wire_error_with(&Ec2, "IncorrectInstanceState", message));
            }
        }
        let mut set = Vec::new();
        for id in &ids {
            let Some(before) = self.world.get(&self.home, KIND, id).map(|e| self.state(&e.value)) else { continue };
            let now = micros(self.world.now);
            if let Some(entity) = self.world.get_mut(&self.home, KIND, id)
                && text(&entity.value, "phase") != phase
            {
                entity.value["phase"] = phase.into();
                entity.value["since_us"] = now.into();
            }
            let after = self.world.get(&self.home, KIND, id).map_or(before, |e| self.state(&e.value));
            set.push(json!({
                "instanceId": id,
                "currentState": {"code": after.0, "name": after.1},
                "previousState": {"code": before.0, "name": before.1},
            }));
        }
        Ok(done(json!({"instancesSet": set})))
    }

    pub(super) fn console_output(&mut self) -> Result<Done, WireError> {
        let id = self.required("InstanceId")?;
        self.chosen()?;
        // The text "brownout" and a line feed, in Base64.
        let output = json!({"instanceId": id, "timestamp": self.created_at(self.world.now), "output": "YnJvd25vdXQK"});
        Ok(done(output))
    }
}
