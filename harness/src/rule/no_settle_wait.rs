//! A program sent a command at once after what it depends on.
//!
//! Takes the time before each EC2 command that names an id which the program has made: since the last good answer
//! about that id, be it a Describe or another command. It must be as long as the profile's shortest pause; under
//! `documented`, longer than the program's own work takes, for which a twentieth of a second is allowed.
//!
//! ## Why it matters
//! That one reader knows the resource does not mean that all do. The next command may reach another one.
//! ## What to do
//! Wait a few seconds between commands that depend on each other.
//! ## Source
//! S0, eventual consistency: add wait time between subsequent commands, even if Describe returns an accurate
//! response, starting with a couple of seconds; guidance 4.3
//! ## Error probability
//! Under exact profiles none: a program that waits is never faster, and the clock's error is given. Under `documented`
//! 10⁻⁸ per scenario and client, at any number of trials: a bet against P(wait ≤ 50 ms) ≤ 0.03, where full jitter from
//! a couple of seconds on has 0.025. Judged only where the client owns its demand. A program that is not ours may look from one thread while another waits: there the time counts from the
//! first good answer since the last command.

use crate::evidence::Evidence;

use crate::stats::Duel;

use super::polls::Asked;
use super::{Finding, Findings, Rule, Ruling, polls, told};

#[derive(Debug)]
pub(super) struct NoSettleWait;

impl Rule for NoSettleWait {
    fn check(&self, evidence: &Evidence) -> Ruling {
        if !evidence.owns_demand {
            return Ruling::NotApplicable(polls::OURS.into());
        }
        let (mut findings, mut seen, mut unclear, mut duel) = (Findings::default(), 0, 0, Duel::new(1));
        let bound = if evidence.profile.exact { polls::soonest(evidence) } else { polls::NO_PAUSE_US };
        for trial in &evidence.trials {
            for story in polls::stories(trial).0 {
                // The last good answer about it, and the first since the last command.
                let (mut last, mut first) = (story.made, story.made);
                for (client, asked) in &story.after {
                    let before = (last, if story.ours { last } else { first });
                    if asked.good() {
                        first = if asked.changes() || last.changes() { *asked } else { first };
                        last = *asked;
                    }
                    if !story.commands(*client, asked) {
                        continue;
                    }
                    let (command, (last, first)) = (asked, before);
                    // An answer that was still on its way tells nothing of a wait.
                    let since = |r: &Asked<'_>| command.attempt.at_us.saturating_sub(r.end().unwrap_or_default());
                    if last.end().is_none_or(|end| end > command.attempt.at_us) {
                        continue;
                    }
                    if !polls::shorter(evidence, since(&last), bound) {
                        seen += 1;
                        duel.see(false, 0.03, 0.25);
                    } else if !polls::shorter(evidence, since(&first), bound) {
                        unclear += 1;
                    } else {
                        seen += 1;
                        duel.see(true, 0.03, 0.25);
                        findings.add(|| Finding {
                            message: format!(
                                "{} followed {} after {}, although what one request knows of {} may not have spread to the next",
                                command.invocation.operation, last.invocation.operation, told::time(since(&last)), story.id
                            ),
                            expected: format!("a wait of {} or more between commands that depend on each other", told::time(bound)),
                            observed: told::time(since(&last)),
                            source: "S0, eventual consistency; guidance 4.3".into(),
                            ..Finding::about(trial, story.client, command.invocation, command.index)
                        });
                    }
                }
            }
        }
        if findings.is_empty() && seen == 0 && unclear > 0 {
            return Ruling::stuck("another thread of the program may have waited", polls::ONE_AT_A_TIME);
        }
        let nothing = "no command named what the program had made";
        polls::rule_short(evidence, findings, seen, &duel, "commands after a wait", nothing)
    }
}
