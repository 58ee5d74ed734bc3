//! The same seed gives the same journal, byte for byte; another trial gives another.

use super::*;

fn rough() -> Story {
    Story::new(json!([
        {"probability": 0.2, "inject": "close", "id": "a"},
        {"probability": 0.3, "inject": {"http": 503}, "id": "b"},
        {"probability": 0.3, "inject": {"throttle": {}}, "id": "c"},
        {"inject": {"latency": {"uniform": ["5ms", "40ms"]}}},
    ]))
}

#[test]
fn a_seed_repeats_to_the_byte() {
    for settings in [&[][..], &[("retries.mode", "adaptive")], &[("retries.spec", "2.1")]] {
        let story = rough().with(settings);
        let first = story.play(12).bytes();
        assert!(first.lines().count() > 60);
        for run in 0..17 {
            assert_eq!(story.play(12).bytes(), first, "run {run} with {settings:?}");
        }
    }
}

#[test]
fn draws_do_not_hang_on_the_thread() {
    let first = rough().play(6).bytes();
    fastrand::seed(99);
    assert_eq!(rough().play(6).bytes(), first);
    assert_eq!(std::thread::spawn(|| rough().play(6).bytes()).join().unwrap(), first);
}

#[test]
fn trials_differ() {
    let story = Story::new(json!([{"inject": {"throttle": {}}}]));
    let gaps: Vec<_> = (0..20).map(|trial| story.clone().trial(trial).play(1).gaps()[0].to_bits()).collect();
    let mut distinct = gaps.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert!(distinct.len() > 17, "{gaps:?}");
}

#[test]
fn another_client_changes_nothing_for_the_first() {
    let of_first = |clients: u32| {
        let story = Story::new(json!([{"times": 2, "per": "call", "inject": {"http": 503}}]));
        virtually(async {
            let clock = Clock::simulated(Clock::virtual_epoch());
            let endpoint = Endpoint::new(story.plan(), clock.clone(), Recorder::new());
            let mut tasks = Vec::new();
            for index in 0..clients {
                let network = Network::Memory(endpoint.clone());
                let setting = Setting { network, clock: clock.clone(), seed: story.seed(), client: index };
                let client = AwsSdkRust::start(&setting, Options::default());
                let calls: Vec<_> = (1..=3).map(|n| story.call(index, n)).collect();
                tasks.push(tokio::spawn(async move {
                    for call in &calls {
                        client.call(call).await;
                    }
                }));
            }
            for task in tasks {
                task.await.unwrap();
            }
            let played = Played { heard: Vec::new(), events: endpoint.recorder().take(), took: clock.now() };
            let attempts = played.attempts().into_iter();
            attempts.filter(|(_, a)| a.client == 0).map(|(at, a)| (at, a.call, a.sdk_attempt)).collect::<Vec<_>>()
        })
    };
    assert_eq!(of_first(1).len(), 9);
    assert_eq!(of_first(1), of_first(5));
}
