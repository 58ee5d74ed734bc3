//! How often the set of profiles holds the true one, and how small it is.

use brownout_mocks::service::Class;

use super::truth::*;
use crate::guidance;

/// The mean number of profiles that are not told apart, by how many calls failed to the end; a row for each true profile.
pub(super) fn sets(seeds: u64) -> Vec<String> {
    let mut rows = Vec::new();
    // Nothing here asks for breakers, polls or rate limiters: `tests/it/fit.rs` plays those.
    let plain =
        |p: &&guidance::Profile| p.exact && p.breaker.is_none() && p.polling.is_none() && p.rate_limiter.is_none();
    for profile in guidance::profiles().iter().filter(plain) {
        for service in ["s3", "dynamodb"] {
            if service == "dynamodb" && !profile.services.contains_key(service) {
                continue;
            }
            let truth = Truth::by_profile(&profile.name, service);
            let mut sizes = Vec::new();
            for calls in [2usize, 10, 50, 250] {
                let mut size = 0;
                for seed in 0..seeds {
                    let mut random = random(&profile.name, seed * 1_000 + calls as u64);
                    let classes = [[Class::Throttling, Class::Transient], [Class::Transient; 2]];
                    // Five trials at most, each with a quota of its own.
                    let trials = calls.min(5);
                    let storm = storms(calls / trials, &classes[seed as usize % 2]);
                    let trials = (0..trials as u64).map(|trial| play(&truth, service, trial, &storm, &mut random));
                    let fit = fitted(&trials.collect::<Vec<_>>());
                    let possible = &fit.profiles.possible;
                    let held = possible.iter().any(|c| c.name == profile.name);
                    assert!(held, "{} {service} seed {seed}: {:#?}", profile.name, fit.profiles);
                    size += possible.len();
                }
                sizes.push(format!("{:.1}", size as f64 / seeds as f64));
            }
            rows.push(format!("| `{}` | {service} | {} |", profile.name, sizes.join(" | ")));
        }
    }
    rows
}

#[test]
fn the_true_profile_is_always_in_its_set() {
    let seeds = super::coverage::seeds(6);
    println!("{}", sets(seeds).join("\n"));
}
