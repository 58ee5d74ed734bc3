//! A request that can never succeed was sent again unchanged.
//!
//! Looks at what the client does after an error that says "this request is wrong": validation, access,
//! a resource that does not exist.
//!
//! ## Why it matters
//! The same request fails the same way; the retry costs the service work and the caller time.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior; S1, error codes; guidance 1.2 and 6.3
//! ## Error probability
//! None: published clients decide by code and status, not by chance. Accepted all the same: codes that
//! some published client repeats or some guide says to (C18, S3's `BadDigest`), any 429, codes that are
//! in no list ("unknown errors", S1), one repeat after an authorization error if it may have been signed
//! anew (C13), a repeat of a conflict after a second or more (C14), a changed body (C21), and where the client
//! marks no calls, as many repeats as the control's like requests allow to be calls of their own.

use brownout_mocks::service::Class;

use crate::evidence::{Attempt, Evidence};

use super::{Finding, Findings, Rule, Ruling, told};

#[derive(Debug)]
pub(super) struct RetriedPermanentError;

/// Statuses that are permanent by themselves, where there is no code.
const STATUSES: &[u16] = &[400, 401, 403, 404, 405, 409, 413, 415, 422];

/// Repeated by some published client, or by the word of some guide: C18; S3 in botocore legacy; IAM in JavaScript.
const DISPUTED: &[&str] = &[
    "BadDigest",
    "ItemCollectionSizeLimitExceeded",
    "ItemCollectionSizeLimitExceededException",
    "LimitExceeded",
    "UnrecognizedClient",
    "UnrecognizedClientException",
];

/// Another signature may mend these (C13; guidance 2.3).
const SIGNED_ANEW: &[&str] = &[
    "AccessDeniedException",
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidSignatureException",
    "RequestExpired",
    "RequestInTheFuture",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
];

/// Permanent codes of the seed documents and their neighbours (guidance 5.1 and 6.3).
const KNOWN: &[&str] = &[
    "AccessDenied",
    "BadRequestException",
    "BucketAlreadyExists",
    "BucketAlreadyOwnedByYou",
    "ConditionalCheckFailedException",
    "DataAlreadyAcceptedException",
    "ForbiddenException",
    "IdempotentParameterMismatch",
    "InstanceLimitExceeded",
    "InvalidAction",
    "InvalidBucketName",
    "InvalidEventPatternException",
    "InvalidGroup.NotFound",
    "InvalidInstanceID.Malformed",
    "InvalidInstanceID.NotFound",
    "InvalidParameterException",
    "InvalidParameterValue",
    "InvalidParameterValueException",
    "InvalidUserID.NotFound",
    "ManagedRuleException",
    "MissingAuthenticationTokenException",
    "MissingParameter",
    "NoSuchBucket",
    "NoSuchEntity",
    "NoSuchKey",
    "NotFoundException",
    "ResourceConflictException",
    "ResourceInUseException",
    "ResourceNotFoundException",
    "TransactionConflictException",
    "UnauthorizedException",
    "UnauthorizedOperation",
    "ValidationError",
    "ValidationException",
];

/// Whether every guidance agrees that this answer is final.
fn is_final(service: &str, attempt: &Attempt) -> bool {
    let Some(status) = attempt.status.filter(|_| attempt.answered && attempt.class == Some(Class::Permanent)) else {
        return false;
    };
    if !(400..500).contains(&status) || status == 429 {
        return false;
    }
    match attempt.code.as_deref().filter(|c| !c.is_empty()) {
        None => STATUSES.contains(&status),
        Some(code) if DISPUTED.contains(&code) => false,
        Some(code) => {
            let listed = brownout_mocks::service::find(service).and_then(|s| brownout_mocks::service::row(s, code));
            listed.is_some_and(|row| row.class == Class::Permanent)
                || KNOWN.contains(&code)
                || SIGNED_ANEW.contains(&code)
        }
    }
}

/// Whether a repeat may be a mended request: signed anew, delayed, or changed.
fn mended(before: &Attempt, after: &Attempt, repeats: usize) -> bool {
    let code = before.code.as_deref().unwrap_or_default();
    let gap = after.gap_us.unwrap_or_default();
    let changed = before.body_hash != after.body_hash;
    let conflict = before.status == Some(409) && !code.starts_with("BucketAlready") && gap >= 1_000_000;
    // Dates count whole seconds: two signatures within one second look the same.
    let same_signature = before.date.is_some() && before.date == after.date && gap >= 2_000_000;
    let auth = matches!(before.status, Some(401 | 403)) || SIGNED_ANEW.contains(&code);
    changed || conflict || (auth && repeats == 0 && !same_signature)
}

impl Rule for RetriedPermanentError {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let (mut findings, mut seen) = (Findings::default(), 0);
        for trial in &evidence.trials {
            for (client, invocation) in trial.invocations() {
                let mut repeats = 0;
                for (at, before) in invocation.attempts.iter().enumerate() {
                    if !is_final(&invocation.service, before) {
                        continue;
                    }
                    let Some(after) = invocation.attempts.get(at + 1) else {
                        seen += u64::from(invocation.over_us.is_some());
                        continue;
                    };
                    // Without a mark, the same request later may be another call of the program.
                    let same_call = invocation.marked || after.gap_us.is_some_and(|gap| gap <= 1_000_000);
                    if mended(before, after, repeats) || !same_call {
                        repeats += 1;
                        continue;
                    }
                    repeats += 1;
                    // So many may be calls of their own.
                    if repeats <= invocation.joints {
                        continue;
                    }
                    findings.add(|| Finding {
                        message: format!(
                            "{} answered {}, which no retry can mend, and attempt {} sent it again{}",
                            invocation.operation,
                            told::answer(before),
                            after.number,
                            after.gap_us.map(|g| format!(" after {}", told::time(g))).unwrap_or_default()
                        ),
                        expected: "the error goes to the caller at once".into(),
                        observed: told::count(invocation.attempts.len() as u64, "attempt"),
                        source: "AWS SDKs and Tools Reference Guide, retry behavior; S1; guidance 6.3".into(),
                        ..Finding::about(trial, client.index, invocation, at)
                    });
                }
            }
        }
        Ruling::of(findings, seen, "permanent errors taken as final", "no permanent error was answered")
    }
}
