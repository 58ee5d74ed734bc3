//! When the next poll is due.

use std::time::Duration;

use brownout_mocks::random::Stream;

use crate::guidance::{Pacing, Polling};

/// The pauses of one wait, from its beginning to its deadline.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    polling: Polling,
    /// When the time is up.
    deadline: Duration,
    /// The next pause, or the most that it may be.
    pause: Duration,
}

impl Schedule {
    /// A wait that begins now.
    pub(super) fn new(polling: &Polling, now: Duration) -> Self {
        let deadline = now + polling.deadline.get();
        Self { polling: polling.clone(), deadline, pause: polling.start.get() }
    }

    /// How long to pause before the next poll; `None` once there is no time for one.
    pub(super) fn next(&mut self, now: Duration, random: &mut Stream) -> Option<Duration> {
        let (start, most) = (self.polling.start.get(), self.pause);
        let left = self.deadline.saturating_sub(now);
        self.pause = most.mul_f64(self.polling.factor).min(self.polling.cap.get());
        match self.polling.pacing {
            Pacing::Growing => Some(jittered(most, random)).filter(|wait| *wait <= left),
            Pacing::Drawn => {
                let wait = start + most.saturating_sub(start).mul_f64(random.unit());
                // What would leave no time for another poll becomes the last one.
                let wait = if left.saturating_sub(wait) <= start { left } else { wait };
                Some(wait).filter(|wait| !wait.is_zero())
            }
            // The poll at the beginning counts: as many as fit, none at the deadline itself.
            Pacing::Fixed => Some(start).filter(|wait| *wait < left),
        }
    }
}

/// A little jitter above the step keeps many programs apart without undercutting the start.
fn jittered(pause: Duration, random: &mut Stream) -> Duration {
    pause.mul_f64(1.0 + 0.25 * random.unit())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use brownout_mocks::random::Seed;

    use super::*;

    /// The pauses of one wait by the profile of this name, in seconds.
    fn pauses(profile: &str, seed: u64) -> Vec<f64> {
        let polling = crate::guidance::find(profile).unwrap().polling.clone().unwrap();
        let mut random = Seed { run: seed, trial: 0 }.named("flow", 0);
        let mut now = Duration::from_secs(7);
        let mut schedule = Schedule::new(&polling, now);
        std::iter::from_fn(|| {
            let wait = schedule.next(now, &mut random)?;
            now += wait;
            Some(wait.as_secs_f64())
        })
        .take(1_000)
        .collect()
    }

    #[test]
    fn s0_begins_with_two_seconds_and_doubles() {
        let all = pauses("ec2-poll", 1);
        assert!((2.0..2.5).contains(&all[0]) && (4.0..5.0).contains(&all[1]), "{all:?}");
        assert!(all.is_sorted() && all.iter().sum::<f64>() <= 600.0, "{all:?}");
    }

    #[test]
    fn smithys_waiter_draws_and_polls_once_more_when_its_time_is_up() {
        for seed in 0..200 {
            let all = pauses("smithy-waiter", seed);
            let bound = |i: usize| (2.0 * 2f64.powi(i32::try_from(i).unwrap())).min(120.0);
            let (last, rest) = all.split_last().unwrap();
            assert!((all[0] - 2.0).abs() < 1e-9 && *last > 0.0);
            assert!(rest.iter().enumerate().all(|(i, wait)| (2.0..=bound(i)).contains(wait)), "{all:?}");
            assert!((all.iter().sum::<f64>() - 300.0).abs() < 1e-6, "the last poll is at the deadline: {all:?}");
        }
    }

    #[test]
    fn botocores_waiter_polls_forty_times() {
        assert_eq!(pauses("botocore-waiter", 1), [15.0; 39]);
    }
}
