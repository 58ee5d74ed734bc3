//! How long a client takes to recover, in the virtual time of the story: from the end of the last fault to
//! the success of a call that was in progress then.
//!
//! criterion is handed virtual durations, so its numbers are the client's and not the machine's: they
//! repeat exactly, and `cargo bench -p brownout-benches --bench recovery_latency -- --baseline before` tells
//! what a change of the client did to them. Every iteration is a trial of its own, with its own random
//! streams.

use std::time::Duration;

use brownout::client::find;
use brownout::scenario::{Scenario, library};
use brownout::session::{self, Settings, Who};
use criterion::{Criterion, criterion_group, criterion_main};

/// Stories whose faults have an end, and clients that play them.
const STORIES: [&str; 3] = ["bad-gateway-storm", "service-unavailable-storm", "throttle-burst"];
const CLIENTS: [&str; 4] = ["aws-sdk-rust", "std-2026", "std-2.0-1s", "botocore-legacy"];

/// How long nine tenths of the calls of one trial took at most; nothing if no call was in progress.
fn recovery(scenario: &Scenario, who: &Who, seed: u64) -> Option<Duration> {
    let settings = Settings { seed, trials: Some(1), control: false, ..Settings::default() };
    let report = session::run(scenario, who, &settings, 0).expect("a story of the library is played").report;
    report.metrics.recovery_latency_ms.map(|r| Duration::from_secs_f64(r.p90 / 1_000.0))
}

fn recoveries(criterion: &mut Criterion) {
    for story in STORIES {
        let scenario = library::scenario(story).expect("a story of the library");
        let mut group = criterion.benchmark_group(format!("recovery_latency/{story}"));
        for client in CLIENTS {
            let who = Who::Client(find(client).expect("a client of the list"), Vec::new());
            let mut trials = (1..).filter_map(|seed| recovery(&scenario, &who, seed));
            group.bench_function(client, |bencher| {
                bencher.iter_custom(|iterations| trials.by_ref().take(iterations as usize).sum());
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    // criterion plans by the wall time of its warm-up: some hundred trials.
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(1))
        .measurement_time(Duration::from_millis(500))
        .without_plots();
    targets = recoveries
}
criterion_main!(benches);
