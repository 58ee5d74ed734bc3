//! A client in adaptive mode sent more than its rate limiter lets pass.
//!
//! Keeps the limiter's account from the first throttle on, as generously as any implementation could: the rate falls to
//! 0.7 of what it was at each throttle, and is otherwise at most twice the highest rate that the client was seen to
//! reach. Attempts that no token can have been there for break it.
//!
//! ## Why it matters
//! Adaptive mode is chosen so that one client does not hammer what throttles it. Without its limiter it is standard mode
//! under another name, and the throttling goes on.
//! ## What to do
//! Take a token from the rate limiter before every attempt, and lower its rate to 0.7 of itself at each throttle.
//! ## Source
//! AWS SDKs and Tools Reference Guide, retry behavior: adaptive mode; guidance 1.9
//! ## Error probability
//! None: it is a count against an upper bound. The highest rate is that of any half second, wherever the client's own
//! clock divides time, and one request more; as many attempts as the client had calls in progress may have taken their
//! tokens before the rate fell.

use super::{Finding, Findings, Rule, Ruling, told};
use crate::evidence::{Client, Evidence, Trial};
use crate::guidance::RateLimiter;
use brownout_mocks::service::Class;

#[derive(Debug)]
pub(super) struct AdaptiveRateIgnored;

/// The slices in which the limiter measures (guidance 1.9).
const SLICE_US: u64 = 500_000;

/// What happened to one client; answers before arrivals of the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Answer { throttled: bool },
    Arrival { invocation: usize, at: usize },
}

impl Rule for AdaptiveRateIgnored {
    fn check(&self, evidence: &Evidence) -> Ruling {
        let Some(limiter) = &evidence.profile.rate_limiter else {
            return Ruling::NotApplicable("the profile has no rate limiter".into());
        };
        let (mut findings, mut held, mut throttled) = (Findings::default(), 0, 0);
        for trial in evidence.trials.iter().filter(|t| t.unseen.is_empty()) {
            for client in trial.clients.iter().filter(|c| c.throttled_us.is_some()) {
                throttled += 1;
                held += u64::from(held_back(evidence, client));
                if let Some(excess) = excess(evidence, limiter, client) {
                    findings.add(|| finding(limiter, trial, client, &excess));
                }
            }
        }
        if findings.is_empty() && held == 0 && throttled > 0 {
            return Ruling::stuck(
                "after its first throttle the client was never asked for more than its limiter lets pass",
                "ask for more calls at once, or throttle for longer",
            );
        }
        Ruling::of(findings, held, "clients that held back after a throttle", "nothing was throttled")
    }
}

/// Whether a call waited before it sent its first request, as the limiter makes it.
fn held_back(evidence: &Evidence, client: &Client) -> bool {
    let throttled = client.throttled_us.unwrap_or(u64::MAX);
    client.calls.iter().filter(|c| c.started_us >= throttled).any(|call| {
        let first = call.invocations.first().and_then(|i| client.invocations.get(*i)?.attempts.first());
        first.is_some_and(|a| a.at_us.saturating_sub(call.started_us) > evidence.slack.above(0))
    })
}

/// An attempt that no token can have been there for.
struct Excess {
    invocation: usize,
    at: usize,
    /// When the limiter was turned on.
    since_us: u64,
    now_us: u64,
    sent: u64,
    allowed: f64,
}

fn excess(evidence: &Evidence, limiter: &RateLimiter, client: &Client) -> Option<Excess> {
    let mut events = events(client);
    events.sort_unstable();
    let since_us = client.throttled_us?;
    let tolerance = f64::from(client.peak) + 1.0;
    let (mut arrivals, mut answers) = (Window::default(), Window::default());
    let (mut rate, mut last_us, mut tokens) = (None::<f64>, since_us, 1.0_f64);
    let (mut sent, mut allowed) = (0, 1.0);
    for (now_us, what) in events {
        match what {
            What::Arrival { .. } => arrivals.count(now_us),
            What::Answer { .. } => answers.count(now_us),
        }
        let highest = arrivals.highest().max(answers.highest());
        let elapsed = now_us.saturating_sub(last_us) as f64 / 1e6;
        if let Some(rate) = rate {
            tokens = (tokens + rate * elapsed).min(rate.max(1.0));
            allowed += rate * elapsed;
            last_us = now_us;
        }
        match (what, rate) {
            (What::Answer { throttled: true }, before) => {
                let refused = before.map_or(highest, |rate| rate.min(highest));
                rate = Some((limiter.beta * refused).max(limiter.least.per_second));
            }
            (What::Answer { throttled: false }, Some(before)) => {
                rate = Some(before.max(limiter.headroom * highest));
            }
            (What::Arrival { invocation, at }, Some(rate)) => {
                tokens -= 1.0;
                sent += 1;
                let late = rate * evidence.slack.above(0) as f64 / 1e6;
                if tokens < -(tolerance + late) {
                    return Some(Excess { invocation, at, since_us, now_us, sent, allowed });
                }
            }
            _ => {}
        }
    }
    None
}

fn events(client: &Client) -> Vec<(u64, What)> {
    let mut events = Vec::new();
    for (i, invocation) in client.invocations.iter().enumerate() {
        for (at, attempt) in invocation.attempts.iter().enumerate() {
            events.push((attempt.at_us, What::Arrival { invocation: i, at }));
            if let Some(end) = attempt.end_us {
                let throttled = matches!(attempt.class, Some(Class::Throttling | Class::Quota));
                events.push((end, What::Answer { throttled }));
            }
        }
    }
    events
}

/// The most events in any half second so far.
#[derive(Default)]
struct Window {
    recent: std::collections::VecDeque<u64>,
    most: usize,
}

impl Window {
    fn count(&mut self, now_us: u64) {
        while self.recent.front().is_some_and(|t| now_us.saturating_sub(*t) > SLICE_US) {
            self.recent.pop_front();
        }
        self.recent.push_back(now_us);
        self.most = self.most.max(self.recent.len());
    }

    /// The highest rate that a limiter can have measured: the event that ends a slice belongs to it, too.
    fn highest(&self) -> f64 {
        (self.most + 1) as f64 / (SLICE_US as f64 / 1e6)
    }
}

fn finding(limiter: &RateLimiter, trial: &Trial, client: &Client, excess: &Excess) -> Finding {
    let invocation = &client.invocations[excess.invocation];
    let time = told::time(excess.now_us.saturating_sub(excess.since_us));
    Finding {
        message: format!(
            "{} requests in the {time} after the first throttle; the rate limiter of adaptive mode lets at most {:.0} pass",
            excess.sent,
            excess.allowed.ceil()
        ),
        expected: format!("a rate of at most {} of the one that was throttled", limiter.beta),
        observed: format!("{} requests in {time}", excess.sent),
        source: limiter.source.clone(),
        ..Finding::about(trial, client.index, invocation, excess.at)
    }
}
