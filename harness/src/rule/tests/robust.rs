//! No journal makes judging panic or hang, and judging twice gives the same bytes.

use brownout_mocks::journal::{Event, EventKind, Trial};
use brownout_mocks::random::{Seed, Stream};

use super::story::*;
use crate::guidance;

fn sample(seed: u64, stream: &mut Stream) -> Trial {
    let answers = [THROTTLE, BUSY, GONE, HIDDEN, SPENT, Told::Hint(2_000), Told::Reset, Told::Fine];
    let mut story = Story::new(seed);
    story.tagged = stream.below(2) == 0;
    story.max = (stream.below(2) == 0).then_some(3);
    for _ in 0..8 {
        story.call();
        for _ in 0..=stream.below(5) {
            let pause = stream.below(3_000_000);
            story.attempt(pause, answers[stream.below(8) as usize]);
        }
        if stream.below(2) == 0 {
            story.finish(false);
        }
    }
    let mut trial = story.end();
    trial.header.owns_demand = stream.below(2) == 0;
    trial
}

fn mangle(events: &mut Vec<Event>, stream: &mut Stream) {
    for _ in 0..=stream.below(12) {
        let n = events.len() as u64;
        if n == 0 {
            return;
        }
        let (i, j) = (stream.below(n) as usize, stream.below(n) as usize);
        let wild = [0, 1, u64::MAX, u64::MAX / 2, 1 << 40][stream.below(5) as usize];
        match stream.below(8) {
            0 => drop(events.remove(i)),
            1 => events.swap(i, j),
            2 => events[i].at_us = wild,
            3 => events.truncate(i),
            4 => events.push(events[i].clone()),
            _ => match &mut events[i].kind {
                EventKind::AttemptReceived(r) => match stream.below(5) {
                    0 => r.seq = wild,
                    1 => r.invocation = wild,
                    2 => (r.attempt, r.sdk_max) = (u32::MAX, Some(0)),
                    3 => r.resend = true,
                    _ => (r.client, r.call) = (u32::MAX, Some(wild)),
                },
                EventKind::Answered(a) => {
                    (a.first_byte_us, a.last_byte_us, a.retry_after_ms) = (wild, u64::MAX - wild, Some(wild));
                    a.cut = stream.below(2) == 0;
                }
                EventKind::CallStarted { call, .. } | EventKind::CallFinished { call, .. } => *call = wild,
                EventKind::ClientEnded { .. } => events[i].kind = EventKind::ClientHung { client: 9, silent_us: wild },
                _ => {}
            },
        }
    }
}

#[test]
fn mangled_journals_are_judged_all_the_same() {
    let mut stream = Seed { run: 11, trial: 0 }.named("mangle", 0);
    for seed in 0..1_500 {
        let mut trial = sample(seed, &mut stream);
        mangle(&mut trial.events, &mut stream);
        let profile = &guidance::profiles()[seed as usize % guidance::profiles().len()];
        let report = judged(&profile.name, &[trial.clone()]);
        let again = judged(&profile.name, &[trial]);
        assert_eq!(serde_json::to_vec(&report).unwrap(), serde_json::to_vec(&again).unwrap());
    }
}
