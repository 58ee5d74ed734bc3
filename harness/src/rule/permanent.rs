//! Which answers are final, and which of those another signature may mend.

use brownout_mocks::service::Class;

use crate::evidence::{Attempt, Client, Evidence, Invocation, Trial};

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

/// Another signature may mend these, beside any 401 or 403 (C13; guidance 2.3).
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
pub(super) fn is_final(service: &str, attempt: &Attempt) -> bool {
    let Some(status) = attempt.status.filter(|_| attempt.answered && attempt.class == Some(Class::Permanent)) else {
        return false;
    };
    if !(400..500).contains(&status) || status == 429 {
        return false;
    }
    match attempt.code.as_deref().filter(|c| !c.is_empty()) {
        None => STATUSES.contains(&status),
        Some(code) => names_final(service, code),
    }
}

/// Whether this code says that the request, or the entry of a batch, can never succeed.
pub(super) fn names_final(service: &str, code: &str) -> bool {
    if DISPUTED.contains(&code) {
        return false;
    }
    let listed = brownout_mocks::service::find(service).and_then(|s| brownout_mocks::service::row(s, code));
    listed.is_some_and(|row| row.class == Class::Permanent) || KNOWN.contains(&code) || SIGNED_ANEW.contains(&code)
}

/// Whether a final answer is about who asks, or when: another signature may mend it.
pub(super) fn about_signature(attempt: &Attempt) -> bool {
    matches!(attempt.status, Some(401 | 403)) || attempt.code.as_deref().is_some_and(|c| SIGNED_ANEW.contains(&c))
}

/// Says that the credentials are too old (S1; guidance 5.1 and 6.3).
pub(super) fn says_expired(attempt: &Attempt) -> bool {
    matches!(attempt.code.as_deref(), Some("ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired"))
}

/// A final answer that was followed by another attempt of the same call.
pub(super) struct Repeat<'a> {
    pub(super) trial: &'a Trial,
    pub(super) client: &'a Client,
    pub(super) invocation: &'a Invocation,
    /// Index of the attempt that was answered so.
    pub(super) at: usize,
    pub(super) before: &'a Attempt,
    pub(super) after: &'a Attempt,
}

/// The final answers that `wanted` is about: their repeats, and how many calls ended on one. Without a mark the same
/// request a second later may be another call of the program, and as many as the control allows are taken for such.
pub(super) fn repeats(evidence: &Evidence, wanted: impl Fn(&Invocation, &Attempt) -> bool) -> (Vec<Repeat<'_>>, u64) {
    let (mut repeats, mut ended) = (Vec::new(), 0);
    for trial in evidence.trials.iter().filter(|t| t.seen.class(Class::Permanent)) {
        for (client, invocation) in trial.invocations() {
            let mut joints = invocation.joints;
            for (at, before) in invocation.attempts.iter().enumerate() {
                if !is_final(&invocation.service, before) || !wanted(invocation, before) {
                    continue;
                }
                let Some(after) = invocation.attempts.get(at + 1) else {
                    ended += u64::from(invocation.over_us.is_some());
                    continue;
                };
                let same_call = invocation.marked || after.gap_us.is_some_and(|gap| gap <= ONE_CALL_US);
                if same_call && joints == 0 {
                    repeats.push(Repeat { trial, client, invocation, at, before, after });
                }
                joints = joints.saturating_sub(1);
            }
        }
    }
    (repeats, ended)
}

/// Without a mark, a like request so much later may be another call.
const ONE_CALL_US: u64 = 1_000_000;
