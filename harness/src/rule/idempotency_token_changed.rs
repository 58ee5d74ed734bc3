//! A call that was to happen once happened twice: its repeat carried another idempotency token.
//!
//! Looks at operations that take such a token (`RunInstances`, `TransactWriteItems`) and at calls whose
//! requests took effect more than once under different tokens: the service could not know that the second
//! request is the first one again.
//!
//! ## Why it matters
//! An answer that is lost says nothing about what was done. The token lets the client ask again without
//! doing it again; a new one for each attempt launches, and pays for, a second instance.
//! ## What to do
//! Make the token once for each call, and send it in every attempt.
//! ## Source
//! EC2 Developer Guide, ensuring idempotency; Builders' Library, timeouts and retries; guidance 3.2 and 4.4
//! ## Error probability
//! None: what took effect is known, and with one token it happens once. Judged only where the client marks
//! what belongs to one call. A repeat without any token is only counted, in `effects_doubled`.

use crate::evidence::{Attempt, Evidence, Invocation};

use super::{Finding, Findings, Rule, Ruling};

#[derive(Debug)]
pub(super) struct IdempotencyTokenChanged;

impl Rule for IdempotencyTokenChanged {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (mut findings, mut seen) = (Findings::default(), 0);
        for trial in &evidence.trials {
            for (client, invocation) in trial.invocations() {
                if !invocation.marked || !takes_token(invocation) {
                    continue;
                }
                let Some(first) = invocation.attempts.iter().position(|a| a.effects > 0) else { continue };
                let repeats = &invocation.attempts[first + 1..];
                seen += u64::from(!repeats.is_empty() && repeats.iter().all(|a| a.effects == 0));
                let Some(at) = repeats.iter().position(|a| again(&invocation.attempts[first], a)) else { continue };
                let (second, effects) = (&repeats[at], invocation.attempts.iter().map(|a| a.effects).sum::<u32>());
                findings.add(|| Finding {
                    message: format!(
                        "{} took effect with attempt {} and once more with attempt {}, which carried another idempotency token",
                        invocation.operation, invocation.attempts[first].number, second.number
                    ),
                    expected: "the token of the first attempt in every repeat, so that it happens once".into(),
                    observed: format!("{effects} effects of one call"),
                    source: "EC2 Developer Guide, ensuring idempotency; guidance 4.4".into(),
                    ..Finding::about(trial, client.index, invocation, first)
                });
            }
        }
        Ruling::of(
            findings,
            seen,
            "calls sent again after they took effect, and done once",
            "no call with an idempotency token was sent again after it took effect",
        )
    }
}

/// Whether the operation can be told by a token that it was done before.
fn takes_token(invocation: &Invocation) -> bool {
    let service = brownout_mocks::service::find(&invocation.service);
    service.is_some_and(|service| service.token_member(&invocation.operation).is_some())
}

/// Whether a repeat did again what was done, because it came under another token.
fn again(first: &Attempt, repeat: &Attempt) -> bool {
    let tokens = (&first.token_hash, &repeat.token_hash);
    repeat.effects > 0 && matches!(tokens, (Some(before), Some(after)) if before != after)
}
