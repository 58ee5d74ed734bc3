//! The real SDK under the profiles that document it, over the whole library: it keeps to them, but for one finding
//! about it, which its source explains.

use brownout::rule::Verdict;
use brownout::session::{self, Settings, Who};

use crate::play::{client, library_scenarios, run};

/// Both generations, and adaptive mode.
const GENERATIONS: [(&[(&str, &str)], &str); 3] = [
    (&[], "std-2.0-1s"),
    (&[("retries.spec", "2026")], "std-2026"),
    (&[("retries.spec", "2026"), ("retries.mode", "adaptive")], "adaptive"),
];

/// aws-smithy-runtime 1.16.2, `src/client/retries/strategy/standard.rs:57`: the permit of the last retry stays with the
/// strategy, which all calls of a client share. A call that fails for good leaves it there, and the next success of any
/// call gives it back to the bucket. The guide gives back nothing for a call that failed.
const KNOWN: &[&str] = &["retry_quota_missing", "retry_quota_refill_wrong", "throttle_quota_missing"];

fn failed(report: &brownout::judge::RunReport) -> Vec<&'static str> {
    report.rules.iter().filter(|r| r.verdict == Verdict::Fail).map(|r| r.id).collect()
}

#[test]
fn the_sdk_keeps_to_the_profile_that_documents_it() {
    let (mut found, mut judged) = (0, 0);
    for (options, profile) in GENERATIONS {
        let options = options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let sdk = Who::Client(client("aws-sdk-rust"), options);
        for scenario in library_scenarios().iter().filter(|s| sdk.plays(s)) {
            let settings = Settings { profile: Some(profile.to_owned()), ..Settings::default() };
            let report = session::run(scenario, &sdk, &settings, 0).unwrap().report;
            let (name, failed) = (&scenario.document.name, failed(&report));
            judged += 1;
            assert!(failed.iter().all(|rule| KNOWN.contains(rule)), "{name} under {profile}: {failed:?}");
            if !failed.is_empty() {
                found += 1;
            }
        }
    }
    assert!(judged > 200 && found > 0, "{found} of {judged}");
}

/// A client that is right but for that habit is found in the same story, by the same rule.
#[test]
fn the_finding_about_the_sdk_is_explained() {
    let scenario = library_scenarios().into_iter().find(|s| s.document.name == "s3-2008").unwrap();
    let settings = Settings { profile: Some("std-2026".to_owned()), ..Settings::default() };
    assert_eq!(failed(&run(&scenario, "std-2026", &settings)), [""; 0]);
    let keeps = failed(&run(&scenario, "keeps-permit", &settings));
    let sdk = Who::Client(client("aws-sdk-rust"), vec![("retries.spec".to_owned(), "2026".to_owned())]);
    let sdk = failed(&session::run(&scenario, &sdk, &settings, 0).unwrap().report);
    assert_eq!(sdk, keeps);
    assert!(keeps.contains(&"retry_quota_refill_wrong"), "{keeps:?}");
}

/// What the User-Agent says is enough to judge by: each generation under `auto`.
#[test]
fn nobody_has_to_name_a_profile() {
    for (options, _) in GENERATIONS {
        let options = options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let sdk = Who::Client(client("aws-sdk-rust"), options);
        for scenario in library_scenarios().iter().filter(|s| sdk.plays(s)).step_by(3) {
            let settings = Settings { profile: Some("auto".to_owned()), ..Settings::default() };
            let report = session::run(scenario, &sdk, &settings, 0).unwrap().report;
            assert_eq!(report.profile, "auto: std-2.0-1s or std-2026");
            assert_eq!(failed(&report), [""; 0], "{}", scenario.document.name);
        }
    }
}
