//! The command that repeats a run.

use brownout_mocks::clock::Time;
use brownout_mocks::units::short;

use super::{Args, Job};
use crate::session::Who;

/// The command that repeats a run, as one types it: with all that decides its verdict, in words that a
/// shell takes as they are.
pub(super) fn repeat(args: &Args, job: &Job<'_>) -> String {
    let mut words = Vec::new();
    if let Who::Command(_) | Who::Driver(_) = &job.who {
        words
            .extend(crate::client::command::retry_settings().map(|(name, value)| format!("{name}={}", quoted(&value))));
    }
    words.push(format!("brownout run {}", quoted(&job.scenario.origin)));
    if let Who::Client(entry, _) = &job.who {
        words.push(format!("--client {}", entry.id));
    }
    let command = match &job.who {
        Who::Command(command) => Some(command.as_slice()),
        Who::Driver(driven) => {
            let own = driven.own_command();
            words.push(own.map_or_else(|| format!("--client {}", driven.id()), |_| "--driver".to_owned()));
            own
        }
        Who::Client(..) | Who::Own(_) => None,
    };
    for (key, value) in &args.client_config {
        words.push(format!("--client-config {}", quoted(&format!("{key}={value}"))));
    }
    if let Some(number) = args.number {
        words.push(format!("--clients {number}"));
    }
    if let Some(profile) = &args.profile {
        words.push(format!("--profile {}", quoted(profile)));
    }
    if let Some(time @ (Time::Wall | Time::Warp)) = args.time {
        words.push(format!("--time {}", time.name()));
    }
    words.push(format!("--seed {:#x}", args.seed));
    if let Some(trials) = args.trials {
        words.push(format!("--trials {trials}"));
    }
    words.extend(args.allow.iter().map(|rule| format!("--allow {rule}")));
    if let Some(bar) = args.fail_under {
        words.push(format!("--fail-under {bar}"));
    }
    if let Some(patience) = args.client_timeout {
        words.push(format!("--client-timeout {}", short(patience)));
    }
    if args.no_control {
        words.push("--no-control".to_owned());
    }
    if args.tls {
        words.push("--tls".to_owned());
    }
    if let Some(command) = command {
        words.push("--".to_owned());
        words.extend(command.iter().map(|word| quoted(word)));
    }
    words.join(" ")
}

/// A word as a shell takes it for one.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::scenario::Scenario;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn a_repeat_has_all_that_decides_the_verdict() {
        let text = "brownout: 1\nname: quiet\ntitle: t\nservice: s3\n";
        let scenario = Scenario::parse("my stories/quiet.yaml", text).unwrap();
        let command: Vec<String> = ["sh", "-c", "it's $here", ""].map(str::to_owned).into();
        let given =
            "run --seed 7 --trials 1 --allow early_retry --fail-under 80 --client-timeout 2s --no-control --tls x";
        let line = Line::parse_from(given.split(' '));
        let words = repeat(&line.args, &Job { scenario: &scenario, who: Who::Command(command) });
        let expected = "brownout run 'my stories/quiet.yaml' --seed 0x7 --trials 1 --allow early_retry --fail-under 80 \
                        --client-timeout 2s --no-control --tls -- sh -c 'it'\\''s $here' ''";
        assert!(words.ends_with(expected), "{words}");
    }
}
