//! How long an allowed client may pause: the bounds that several rules hold pauses against.

use brownout_mocks::service::Class;

use super::{Adaptive, Attempt, Client, Evidence, Gap, Invocation};
use crate::guidance::{Honours, Jitter};

impl Evidence {
    /// The longest pause, in microseconds and with slack, that an allowed client may be seen to make before its
    /// next attempt, counted from the end of `attempt`. `None` if nothing bounds it.
    pub fn pause_max(&self, client: &Client, invocation: &Invocation, attempt: &Attempt) -> Option<u64> {
        self.pause_bound(client, invocation, attempt).map(|bound| self.slack.above(bound))
    }

    /// The same of a pause that was measured.
    pub fn gap_max(&self, gap: &Gap<'_>) -> Option<u64> {
        self.pause_bound(gap.client, gap.invocation, gap.before).map(|bound| self.most(bound, gap.ran_us))
    }

    /// The same without slack.
    fn pause_bound(&self, client: &Client, invocation: &Invocation, attempt: &Attempt) -> Option<u64> {
        let bound = self.own_pause(invocation, attempt)?;
        let mut pause = bound;
        if attempt.hinted() {
            // A hint may be honoured, added to, or cut to 5 s more than the pause.
            let hint = attempt.retry_after_ms.max(attempt.x_amz_retry_after_ms).unwrap_or(0) as f64 / 1e3;
            let clamps = self.profile.exact && self.profile.honours.contains(&Honours::XAmzRetryAfter);
            pause = if clamps && attempt.retry_after_ms.is_none() {
                // Between the pause that it would have made and 5 s more (guidance 1.5).
                hint.min(bound + 5.0).max(bound)
            } else {
                hint.max(bound + 5.0) + bound
            };
        }
        Some(((pause + self.limiter_wait(client, attempt)) * 1e6) as u64)
    }

    /// The longest pause after `attempt` that an allowed client draws for itself, in seconds.
    pub fn own_pause(&self, invocation: &Invocation, attempt: &Attempt) -> Option<f64> {
        let class = attempt.class?;
        let retry = attempt.row.saturating_sub(1) as usize;
        let mut bound = self.numbers(&invocation.service, class)?.bound(retry);
        if attempt.either_way() {
            for class in [Class::Throttling, Class::Transient] {
                bound = bound.max(self.numbers(&invocation.service, class)?.bound(retry));
            }
        }
        if let (true, Some(before)) = (self.profile.exact && retry > 0, attempt.gap_us) {
            let ladder = self.profile.backoff(&invocation.service).ladder(class);
            if ladder.jitter == Jitter::Decorrelated {
                // Three times the pause before, whatever the error before that was.
                let tripled = self.slack.above(before).saturating_mul(3) as f64 / 1e6;
                bound = bound.max(tripled.min(ladder.cap.get().as_secs_f64()));
            }
        }
        Some(bound)
    }

    /// How long a rate limiter of the client's own may hold it up after `attempt`, in seconds.
    pub fn limiter_wait(&self, client: &Client, attempt: &Attempt) -> f64 {
        let throttled = client.throttled_us.is_some_and(|t| attempt.end_us.is_some_and(|end| end >= t));
        if !throttled || !self.may_limit(client) {
            return 0.0;
        }
        let wait = self.profile.limiter_wait.as_ref().map_or(20.0, |w| w.value.get().as_secs_f64());
        wait * f64::from(client.peak.max(1))
    }

    /// Whether waits of a client-side rate limiter must be reckoned with: the client says so, or the
    /// profile is an envelope and the client is an SDK that does not name its mode.
    pub fn may_limit(&self, client: &Client) -> bool {
        client.adaptive == Adaptive::Yes
            || self.profile.rate_limiter.is_some()
            || (!self.profile.exact && client.adaptive == Adaptive::Unknown)
    }
}
