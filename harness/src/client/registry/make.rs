//! How the clients of the list are made.

use std::time::Duration;

use brownout_mocks::units::Span;

use super::super::Setting;
use super::super::adaptive::AdaptivePolicy;
use super::super::altered::{AlteredPolicy, Change};
use super::super::breaker::{BreakerPolicy, Flaw};
use super::super::flow::{FlowClient, FlowPolicy};
use super::super::mutant::{Fault, MutantPolicy};
use super::super::policy::PolicyClient;
use super::super::reference::ProfilePolicy;
use super::{Made, Options};
use crate::guidance::{self, Polling, Profile};
use crate::scenario::Kind;

pub(super) fn own_version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

pub(super) fn calls(kind: Kind) -> bool {
    matches!(kind, Kind::Calls | Kind::Gateway)
}

pub(super) fn gateway(kind: Kind) -> bool {
    kind == Kind::Gateway
}

pub(super) fn flows(kind: Kind) -> bool {
    kind == Kind::Flow
}

pub(super) fn whatever(kind: Kind) -> bool {
    calls(kind) || flows(kind)
}

pub(super) fn by_profile(setting: &Setting, options: &Options, name: &str) -> Result<Made, String> {
    no_options(options)?;
    Ok(Made::Calls(Box::new(PolicyClient::new(setting, Box::new(ProfilePolicy::new(profile(name)?))))))
}

/// A client with one fault. The program above it, where a flow is played, is right: it follows S0's advice.
pub(super) fn mutant(setting: &Setting, options: &Options, fault: Fault) -> Result<Made, String> {
    no_options(options)?;
    let calls = PolicyClient::new(setting, Box::new(MutantPolicy(fault)));
    Ok(Made::Flow(Box::new(FlowClient::new(advised("ec2-poll")?)), Box::new(calls)))
}

pub(super) fn altered(setting: &Setting, options: &Options, name: &str, change: Change) -> Result<Made, String> {
    no_options(options)?;
    Ok(Made::Calls(Box::new(PolicyClient::new(setting, Box::new(AlteredPolicy::new(profile(name)?, change))))))
}

/// A client in adaptive mode; a retry takes so many of the limiter's tokens.
pub(super) fn adaptive(setting: &Setting, options: &Options, retry_tokens: f64) -> Result<Made, String> {
    no_options(options)?;
    let policy = AdaptivePolicy::new(profile("adaptive")?, retry_tokens);
    Ok(Made::Calls(Box::new(PolicyClient::new(setting, Box::new(policy)))))
}

/// A client whose random generator has the seed of the first one.
pub(super) fn same_seed(setting: &Setting, options: &Options) -> Result<Made, String> {
    no_options(options)?;
    let policy = Box::new(ProfilePolicy::new(profile("std-2026")?));
    Ok(Made::Calls(Box::new(PolicyClient::seeded(setting, policy, setting.seed.named("client", 0)))))
}

pub(super) fn breaker(setting: &Setting, options: &Options, name: &str, flaw: Flaw) -> Result<Made, String> {
    no_options(options)?;
    let policy =
        BreakerPolicy::new(profile(name)?, flaw).ok_or_else(|| format!("the profile `{name}` has no breaker"))?;
    Ok(Made::Calls(Box::new(PolicyClient::new(setting, Box::new(policy)))))
}

fn no_options(options: &Options) -> Result<(), String> {
    options.first().map_or(Ok(()), |(key, _)| Err(format!("this client has no setting `{key}`")))
}

fn profile(name: &str) -> Result<&'static Profile, String> {
    guidance::find(name).ok_or_else(|| format!("there is no profile `{name}`"))
}

/// How a program behaves that follows S0's advice, and polls by the profile of this name.
fn advised(name: &str) -> Result<FlowPolicy, String> {
    let polling = |name: &str| profile(name)?.polling.clone().ok_or(format!("the profile `{name}` has no polling"));
    Ok(FlowPolicy { polling: polling(name)?, settle: polling("ec2-poll")?.start.get(), lapse: None })
}

/// An application by S0's advice that polls by a profile, changed by `change`; its calls go through a client by
/// the same profile.
pub(super) fn application(
    setting: &Setting,
    options: &Options,
    name: &str,
    change: fn(&mut FlowPolicy),
) -> Result<Made, String> {
    no_options(options)?;
    let mut policy = advised(name)?;
    change(&mut policy);
    let calls = PolicyClient::new(setting, Box::new(ProfilePolicy::new(profile(name)?)));
    Ok(Made::Flow(Box::new(FlowClient::new(policy)), Box::new(calls)))
}

/// Pauses that begin with so many milliseconds and grow by a factor.
pub(super) fn pauses(polling: &mut Polling, start: u64, factor: f64) {
    polling.start = Span(Duration::from_millis(start));
    polling.factor = factor;
}
