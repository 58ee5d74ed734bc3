//! What a schema cannot say about a profile with changes: in a scenario's `expect`, or in a file of its own.

use brownout_mocks::service::SERVICES;
use brownout_mocks::units::Span;
use serde_json::Value;

use super::super::diagnostic::Findings;
use super::super::names::{HONOURS, known_profiles};
use super::super::text::{ByteSpan, clip};
use super::super::yaml::{Data, Node};
use super::{Checker, Draft, WORK_MAX};
use crate::guidance::auto::NAME as AUTO;

/// Reports every mistake in a profile's file that takes more than a schema to see.
pub(in crate::scenario) fn check_profile(tree: &Node, findings: &mut Findings<'_>) {
    if findings.is_full() {
        return;
    }
    let draft = Draft::of(&Value::Null);
    let mut checker = Checker { tree, findings, draft: &draft, work: WORK_MAX };
    for (name, span) in checker.texts("/name") {
        if name == AUTO || known_profiles().contains(&name) {
            let message = format!("`{name}` is a shipped profile; yours needs a name of its own");
            checker.findings.add(span, message);
        }
    }
    checker.custom_profile("");
}

impl Checker<'_, '_, '_> {
    /// Reports what is wrong with the profile that this pointer names.
    pub(super) fn custom_profile(&mut self, at: &str) {
        let profiles = known_profiles();
        self.known(&format!("{at}/base"), "profile", profiles, &format!("profiles: {}", profiles.join(", ")));
        let hint = format!("a client honours: {}", HONOURS.join(", "));
        self.known(&format!("{at}/honours"), "header to honour called", HONOURS, &hint);
        let mut backoffs = vec![format!("{at}/backoff")];
        if let Some((Node { data: Data::Map(services), .. }, _)) = self.tree.find(&format!("{at}/services")) {
            let ids: Vec<&str> = SERVICES.iter().map(|s| s.id()).collect();
            for service in services {
                if !ids.contains(&service.key.as_str()) {
                    let meant = self.findings.meant(&service.key, ids.iter().copied());
                    let message = format!("there is no service `{}`", clip(&service.key));
                    let finding = self.findings.add(&service.key_span, message);
                    finding.meant(meant).help(format!("services: {}", ids.join(", ")));
                }
                backoffs.push(format!("{at}/services/{}/backoff", service.key.replace('~', "~0").replace('/', "~1")));
            }
        }
        for backoff in backoffs {
            self.bounds(&backoff);
            self.bounds(&format!("{backoff}/throttling"));
            self.bounds(&format!("{backoff}/transient"));
        }
    }

    /// Reports a cap below its base.
    fn bounds(&mut self, at: &str) {
        let span = |key: &str| -> Option<(Span, &ByteSpan)> {
            let (text, at) = self.texts(&format!("{at}/{key}")).into_iter().next()?;
            Some((text.parse().ok()?, at))
        };
        if let (Some((base, _)), Some((cap, at))) = (span("base"), span("cap"))
            && cap < base
        {
            self.findings.add(at, format!("the longest pause, {cap}, is shorter than the first, {base}"));
        }
    }
}
