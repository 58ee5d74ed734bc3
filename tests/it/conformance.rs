//! The SDKs' own conformance tables, played as journals: each right trace passes under its profile, and with one step
//! changed it fails at that step.
//!
//! The tables fix the random factor to 1, so every pause is as long as it may be. One trace like that a client with full
//! jitter may leave behind; so it is judged under the profile as it is, and under the same without jitter. All changes
//! but one are decided by a single trace: who comes before its hint is blamed from the second time on, so that trace is
//! repeated over three trials. Its account of tokens the judge shows only at the end of them, so each table's account
//! is cut down until its poorest moment lacks one.
#![expect(clippy::print_stdout, reason = "totals are a part of the proof")]

use std::collections::BTreeMap;

use brownout::judge::RunReport;
use brownout::rule::Verdict;
use brownout_mocks::service::{Class, THROTTLING_CODES, class_of};

mod cases;
mod changed;
mod js;
mod kotlin;
mod trace;

use cases::{Play, Table};

const TABLES: [&Table; 4] = [&kotlin::YEAR_2026, &kotlin::CLASSIC, &js::YEAR_2026, &js::CLASSIC];

fn plays() -> impl Iterator<Item = (String, Play)> {
    TABLES.iter().flat_map(|table| {
        table.cases.iter().map(|case| (format!("{}: {}", table.name, case.name), Play::new(table, case)))
    })
}

fn failed(report: &RunReport) -> Vec<&'static str> {
    report.rules.iter().filter(|r| r.verdict == Verdict::Fail).map(|r| r.id).collect()
}

#[test]
fn right_traces_pass() {
    let mut passed = BTreeMap::<String, u32>::new();
    for (name, play) in plays() {
        let lines = trace::journal(&play, &play.threads, 1);
        let report = trace::judged(&lines, &play.profile);
        assert_eq!(failed(&report), [""; 0], "{name}: {report:#?}");
        let report = trace::judged(&lines, &play.unjittered());
        assert_eq!(failed(&report), [""; 0], "{name}, without jitter: {report:#?}");
        *passed.entry(name.split(':').next().unwrap().to_owned()).or_default() += 1;
    }
    println!("{} right traces pass: {passed:?}", passed.values().sum::<u32>());
    assert_eq!(passed.values().sum::<u32>(), 54);
}

#[test]
fn traces_with_one_step_changed_fail_at_that_step() {
    let (mut caught, mut complaints, mut open) = (BTreeMap::<String, u32>::new(), Vec::new(), Vec::new());
    for (name, play) in plays() {
        let (all, untold) = changed::all(&play);
        open.extend(untold.into_iter().map(|what| format!("{name}: {what}")));
        for change in all {
            let lines = trace::journal(&change.play, &change.play.threads, change.trials);
            let report = trace::judged(&lines, &change.play.profile);
            let named = report.rules.iter().find(|r| {
                r.verdict == Verdict::Fail
                    && change.rules.contains(&r.id)
                    && r.findings.iter().any(|f| f.step.as_deref() == Some(&*change.at))
            });
            match named {
                Some(rule) => *caught.entry(rule.id.to_owned()).or_default() += 1,
                None => complaints.push(format!("{name}: {} was not found: {:?}", change.what, failed(&report))),
            }
        }
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
    println!("{} changed traces fail at the changed step: {caught:?}", caught.values().sum::<u32>());
    println!("not told by the wire, for only the service's model knows the code:\n  {}", open.join("\n  "));
    assert!(caught.values().sum::<u32>() > 200 && open.len() < 10, "{caught:?} {open:?}");
}

#[test]
fn the_tables_keep_the_account_that_the_guide_describes() {
    let mut levels = 0;
    for (name, play) in plays() {
        let [rows] = play.threads.as_slice() else {
            continue;
        };
        let forbidden = Play::forbidden(rows, &play, |row, tokens| {
            if let Some(wanted) = row.tokens {
                assert_eq!(tokens, wanted, "{name}: {}", row.id);
                levels += 1;
            }
        });
        assert_eq!(forbidden, None, "{name}");
    }
    println!("{levels} levels of the quota agree");
    assert!(levels > 60, "{levels}");
}

#[test]
fn errors_are_classed_as_the_tables_class_them() {
    let mut ours = THROTTLING_CODES.to_vec();
    ours.sort_unstable();
    assert_eq!(ours, js::THROTTLING_CODES);
    assert!(js::TRANSIENT_CODES.iter().all(|code| class_of(code, 400) == Class::Transient));
    assert!(js::TRANSIENT_STATUSES.iter().all(|status| class_of("", *status) == Class::Transient));
    assert!([501, 505, 400, 404].iter().all(|status| class_of("", *status) == Class::Permanent));
}
