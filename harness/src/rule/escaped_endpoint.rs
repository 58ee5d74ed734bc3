//! A request left for a real host instead of the mock.
//!
//! ## Why it matters
//! What leaves the mock reaches a real account, and what it was meant to test is not tested.
//! ## What to do
//! Take the endpoint of every service from `AWS_ENDPOINT_URL` or from the client's settings.
//! ## Source
//! brownout's own promise: every SDK is pointed at the mock and nowhere else
//! ## Error probability
//! None: the request was caught. Where nothing can watch, nothing is claimed.

use brownout_mocks::clock::Time;

use crate::evidence::Evidence;

use super::{Finding, Findings, Rule, Ruling};

#[derive(Debug)]
pub(super) struct EscapedEndpoint;

impl Rule for EscapedEndpoint {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let mut findings = Findings::default();
        let (trials, blank) = (&evidence.trials, crate::evidence::Trial::default());
        let trial_escapes = trials.iter().flat_map(|t| t.escapes.iter().map(move |e| (t, e)));
        for (trial, escape) in trial_escapes.chain(evidence.control_escapes.iter().map(|e| (&blank, e))) {
            findings.add(|| Finding {
                message: format!("a request was on its way to the real host {}: {}", escape.host, escape.request),
                expected: "requests to the mock endpoint alone".into(),
                observed: format!("{} to {}", escape.request, escape.host),
                source: "the client ignores AWS_ENDPOINT_URL, or was given a region or URL of its own".into(),
                ..Finding::bare(trial, 0)
            });
        }
        if !findings.is_empty() {
            return Ruling::Fail(findings);
        }
        if evidence.time == Time::Virtual {
            return Ruling::NotApplicable("an in-process client has no way out".into());
        }
        if !evidence.trapped {
            // `serve` starts no client, and one in process knows no proxy: nothing stands between it and the world.
            return Ruling::NotApplicable("nothing stood between this client and the world: escapes are not observable".into());
        }
        // Node heeds no proxy variables, so the trap cannot see what leaves it.
        let clients = trials.iter().flat_map(|t| &t.clients);
        if clients.filter_map(|c| c.user_agent.as_deref()).any(|agent| agent.contains("aws-sdk-js")) {
            return Ruling::NotApplicable("Node heeds no proxy variables: escapes are not observable".into());
        }
        Ruling::Pass("no request was caught by the trap".into())
    }
}
