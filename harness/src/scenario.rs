//! temporary
#![allow(missing_docs)]
pub mod model;
use brownout_mocks::{plan::Plan, random::Seed, service::Service};
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind { Calls, Gateway, Flow, Empty }
#[derive(Debug, Clone)]
pub struct Scenario { pub document: model::Document, pub text: String, pub origin: String }
impl Scenario {
    pub fn parse(origin: &str, text: &str) -> Result<Self, String> { Ok(Self { document: serde_yaml::from_str(text).map_err(|e| e.to_string())?, text: text.into(), origin: origin.into() }) }
    pub fn kind(&self) -> Kind { if self.document.workload.iter().any(|w| matches!(w, model::WorkItem::Flow(_))) { Kind::Flow } else if self.document.service == "execute-api" { Kind::Gateway } else { Kind::Calls } }
    pub fn service(&self) -> &'static dyn Service { brownout_mocks::service::find(&self.document.service).expect("service") }
    pub fn plan(&self, seed: Seed) -> Plan { Plan::new(&self.document.steps, seed, self.service()) }
    pub fn control_plan(&self, seed: Seed) -> Plan { Plan::new(&[], seed, self.service()) }
    pub fn epoch(&self) -> std::time::SystemTime { brownout_mocks::clock::Clock::virtual_epoch() }
    pub fn longest_silence(&self) -> std::time::Duration { std::time::Duration::from_secs(300) }
}
