//! One call took effect twice, or was taken for done though nothing had happened.
//!
//! Counts how often what a call asked for happened at the service, over all that was sent for it.
//!
//! ## Why it matters
//! A doubled effect is a second instance, a second payment; a lost one is an order that nobody finds.
//! ## What to do
//! Repeat a change only under the idempotency token of its first attempt, and read the body of a 200 before you take
//! it for done.
//! ## Source
//! Builders' Library, "Making retries safe with idempotent APIs"; S0, idempotency; guidance 3.2 and 4.4
//! ## Error probability
//! None: it is a count at the service. Twice counts only for operations whose API offers a token against it
//! (`ClientToken`), which SDKs send by themselves; lost counts only where every answer was an error and the caller was
//! told of a success.

use brownout_mocks::service;

use super::{Finding, Findings, Rule, Ruling, told};
use crate::evidence::{Evidence, Invocation};

#[derive(Debug)]
pub(super) struct EffectLostOrDoubled;

/// Whether the API offers a token against a second effect.
fn has_token(invocation: &Invocation) -> bool {
    service::find(&invocation.service).is_some_and(|s| s.token_member(&invocation.operation).is_some())
}

impl Rule for EffectLostOrDoubled {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (mut findings, mut seen) = (Findings::default(), 0);
        for trial in &evidence.trials {
            for client in &trial.clients {
                let key = |i: &Invocation| (i.call, if i.call.is_some() { 0 } else { i.id });
                let mut calls: Vec<&Invocation> = client.invocations.iter().filter(|i| i.marked).collect();
                calls.sort_by_key(|i| key(i));
                for sent in calls.chunk_by(|a, b| key(a) == key(b)) {
                    let Some(last) = sent.last().filter(|i| i.mutates) else { continue };
                    let effects: u32 = sent.iter().flat_map(|i| &i.attempts).map(|a| a.effects).sum();
                    let told = last.call.and_then(|n| client.call(n)).and_then(|c| c.finished);
                    let answered = || sent.iter().flat_map(|i| &i.attempts).all(|a| a.answered && a.class.is_some());
                    let nothing = effects == 0 && told.is_some_and(|(_, success)| success) && answered();
                    let doubled = effects > 1 && has_token(last);
                    seen += u64::from(effects > 0 || nothing);
                    if !doubled && !nothing {
                        continue;
                    }
                    findings.add(|| Finding {
                        message: if nothing {
                            format!("{} was taken for done, but every answer was an error and nothing happened", last.operation)
                        } else {
                            format!("one {} took effect {}", last.operation, told::count(effects.into(), "time"))
                        },
                        expected: "one effect for one call".into(),
                        observed: told::count(effects.into(), "effect"),
                        source: "Builders' Library, making retries safe with idempotent APIs; guidance 4.4".into(),
                        ..Finding::about(trial, client.index, last, last.attempts.len().saturating_sub(1))
                    });
                }
            }
        }
        Ruling::of(findings, seen, "calls with their effect", "nothing was asked for that would add anything")
    }
}
