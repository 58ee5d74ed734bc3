//! How far a measured pause may be off, and how that is known.

use brownout_mocks::clock::Time;
use schemars::JsonSchema;
use serde::Serialize;

use super::Trial;

/// Where a slack comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlackSource {
    /// Virtual time: timers round up to whole milliseconds, nothing else takes time.
    VirtualClock,
    /// Measured on the control: the same client with all faults off.
    Control,
    /// There was no control to measure. In warp time it holds for what is no pause before a retry or a poll: of those the
    /// journal says how long the clock just ran.
    Assumed,
}

/// How far a measured pause may be off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Slack {
    /// Where it comes from.
    pub source: SlackSource,
    /// A pause may be seen longer by so much, in microseconds, …
    pub above_us: u64,
    /// … and by this share of itself.
    pub above_share: f64,
    /// A pause may be seen shorter by so much, in microseconds.
    pub below_us: u64,
    /// Whether the client lives in processes of its own, which may stand still at any time, whatever its control has
    /// shown.
    #[serde(skip)]
    pub outside: bool,
}

/// A measured delay counts so many times: the control sees far fewer requests than the trials.
const MARGIN: u64 = 4;
/// A program that nobody measured may compute, or wait for a core, for so long between an answer and its next request,
/// in microseconds: 1.1 s was seen of the SDK for JavaScript just after its start, with four busy processes on each core.
const STALL_US: u64 = 2_000_000;
/// Never less than this where the machine's clock runs, in microseconds.
const FLOOR_US: u64 = 50_000;

impl Slack {
    /// The slack before any control was seen. Estimated answer times allow no less than the assumed one.
    pub(super) fn new(time: Time, estimated: bool, outside: bool) -> Self {
        let (source, above_us, above_share, below_us) = match time {
            // Tokio's timers round up to the next millisecond, on either side of the wire.
            Time::Virtual if !estimated => (SlackSource::VirtualClock, 2_000, 0.0, 1_000),
            _ => (SlackSource::Assumed, 500_000, 0.05, 5_000),
        };
        Self { source, above_us, above_share, below_us, outside }
    }

    /// Measures the client's and the machine's own delays: from the caller to the wire, and from the
    /// answer back to the caller. Without calls of ours there is nothing to measure by.
    pub(super) fn calibrate(&mut self, control: &Trial) {
        if self.source == SlackSource::VirtualClock {
            return;
        }
        let mut worst: Option<u64> = None;
        for client in &control.clients {
            for call in &client.calls {
                let attempts =
                    || call.invocations.iter().filter_map(|i| client.invocations.get(*i)).flat_map(|i| &i.attempts);
                let (first, last) = (attempts().next(), attempts().last());
                let there = first.map(|a| a.at_us.saturating_sub(call.started_us));
                let back = last.and_then(|a| Some(call.finished?.0.saturating_sub(a.end_us?)));
                worst = worst.max(there).max(back);
            }
        }
        if let Some(worst) = worst {
            self.source = SlackSource::Control;
            let measured = worst.saturating_mul(MARGIN).saturating_add(FLOOR_US);
            if self.outside {
                // Its control saw other moments: threads that are new, connections that are made anew.
                self.above_us = self.above_us.max(measured);
            } else {
                (self.above_us, self.above_share) = (measured, 0.01);
            }
        }
    }

    /// The longest that a pause of `pause` microseconds may be seen as: no client is blamed for a longer one alone
    /// unless it lies above this.
    pub fn above(&self, pause: u64) -> u64 {
        let stall = if self.outside || self.source == SlackSource::Assumed { STALL_US } else { 0 };
        self.usual(pause).saturating_add(stall)
    }

    /// The longest that a pause of `pause` microseconds is seen as when nothing holds the client up.
    pub fn usual(&self, pause: u64) -> u64 {
        pause.saturating_add(self.over(pause))
    }

    /// How much longer a pause of `pause` microseconds may be seen.
    pub fn over(&self, pause: u64) -> u64 {
        self.above_us.saturating_add((pause as f64 * self.above_share) as u64)
    }

    /// Up to here a pause is none, in microseconds.
    pub fn nothing(&self) -> u64 {
        if self.source == SlackSource::VirtualClock { 2_000 } else { 5_000 }
    }
}
