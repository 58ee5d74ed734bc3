//! Drivers: programs that make a scenario's calls, one for each line. They are written in Python's standard library, so
//! `python3` has to be there.

use std::path::{Path, PathBuf};

use brownout_mocks::journal::{EventKind, Outcome, Segment, Trial, read};
use serde_json::Value;

use crate::command::{Said, command, run, scratch};

mod built_in;
mod lines;

/// What a driver begins with.
const HEAD: &str = r##"
import json, os, sys, threading, time, urllib.error, urllib.request

writing = threading.Lock()

def say(line):
    with writing:
        print(line if isinstance(line, str) else json.dumps(line), flush=True)

def hello(**more):
    global start
    start = json.loads(sys.stdin.readline())
    say({"hello": 1, "client": "tested", "version": "7", **more})

def calls():
    return (json.loads(line) for line in sys.stdin)

def send(call, tagged=True):
    """One request; gives the line that tells of it."""
    head = {"X-Amz-Target": "DynamoDB_20120810." + call["operation"]}
    head["X-Amz-Date"] = "20260101T000000Z"
    head["Authorization"] = ("AWS4-HMAC-SHA256 Credential=%s/20260101/us-east-1/dynamodb/aws4_request, "
                             "SignedHeaders=host, Signature=0" % os.environ["AWS_ACCESS_KEY_ID"])
    if tagged:
        head["brownout-call"] = call["tag"]
    try:
        urllib.request.urlopen(urllib.request.Request(
            os.environ["AWS_ENDPOINT_URL"], json.dumps(call["params"]).encode(), head), timeout=30).read()
        return {"call": call["call"], "outcome": "ok"}
    except urllib.error.HTTPError as error:
        code = json.load(error)["__type"].split("#")[-1]
        return {"call": call["call"], "outcome": "error", "code": code, "status": error.code}
"##;

/// What a play of a driver came to.
struct Played {
    said: Said,
    /// The trials that were judged.
    trials: Vec<Trial>,
    report: Value,
}

impl Played {
    fn trial(&self) -> &Trial {
        self.trials.first().unwrap_or_else(|| panic!("nothing was played: {}", self.said.stderr))
    }

    fn verdict(&self, rule: &str) -> &str {
        let rules = self.report["runs"][0]["rules"].as_array().unwrap();
        rules.iter().find(|r| r["id"] == rule).unwrap()["verdict"].as_str().unwrap()
    }

    /// Of each call: client, number, operation, outcome and code, in the order of their ends.
    fn outcomes(&self) -> Vec<(u32, u64, Outcome, Option<String>)> {
        outcomes(self.trial())
    }
}

fn outcomes(trial: &Trial) -> Vec<(u32, u64, Outcome, Option<String>)> {
    let ended = |kind: &EventKind| match kind {
        EventKind::CallFinished { call, client, outcome, code } => Some((*client, *call, *outcome, code.clone())),
        _ => None,
    };
    trial.events.iter().filter_map(|e| ended(&e.kind)).collect()
}

/// The call of each attempt, by the journal.
fn callers(trial: &Trial) -> Vec<Option<u64>> {
    let call = |kind: &EventKind| if let EventKind::AttemptReceived(r) = kind { Some(r.call) } else { None };
    trial.events.iter().filter_map(|e| call(&e.kind)).collect()
}

/// A story about `GetItem`, in a folder of this test's own.
fn story(name: &str, workload: &str, steps: &str) -> PathBuf {
    let path = scratch(&format!("driver-{name}")).join("story.yaml");
    let params = r#"params: {TableName: orders, Key: {id: {S: "1"}}}"#;
    let text = format!(
        "brownout: 1\nname: {name}\ntitle: t\nservice: dynamodb\nworkload: [{{call: GetItem, {params}, {workload}}}]\n\
         steps: [{steps}]\nexpect: {{outcome: any}}\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}

const THROTTLED: &str = "{when: {operation: GetItem}, inject: throttle}";
const LATE: &str = "{when: {operation: GetItem}, inject: {latency: 50ms}}";

/// Plays a driver in Python, whose text comes behind [`HEAD`].
fn drive(story: &Path, flags: &[&str], body: &str) -> Played {
    let program = story.with_extension("py");
    std::fs::write(&program, format!("{HEAD}\n{body}")).unwrap();
    let mut words = flags.to_vec();
    words.extend(["--trials", "1", "--driver", "--", "python3"]);
    let program = program.display().to_string();
    words.push(&program);
    play(story, &words)
}

fn play(story: &Path, words: &[&str]) -> Played {
    play_with(story, words, &[])
}

fn play_with(story: &Path, words: &[&str], environment: &[(&str, &str)]) -> Played {
    let (journal, report) = (story.with_extension("jsonl"), story.with_extension("json"));
    let (journal, json) = (journal.display().to_string(), format!("json={}", report.display()));
    let story_name = story.display().to_string();
    let mut arguments = vec!["run", story_name.as_str(), "--journal", &journal, "--report", &json];
    arguments.extend(words);
    let said = run(command(&arguments).envs(environment.iter().copied()));
    assert!(
        !said.stderr.contains("could not start `python3`"),
        "these tests need `python3` on the path: {}",
        said.stderr
    );
    let trials: Vec<Trial> = std::fs::read_to_string(&journal)
        .map_or_else(|_| Vec::new(), |text| read(&mut text.as_bytes()).unwrap_or_default());
    let trials = trials.into_iter().filter(|t| t.header.segment == Segment::Run).collect();
    let report = std::fs::read_to_string(&report).map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
    Played { said, trials, report }
}

const ONE_BY_ONE: &str =
    "hello(language='python', settings={'colour': 'red'})\nfor call in calls():\n    say(send(call))\n";

#[test]
fn the_documented_driver_works_as_it_stands() {
    let page = std::fs::read_to_string(crate::tree::root().join("docs/driver.md")).unwrap();
    let example = page.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(example.lines().filter(|l| !l.trim().is_empty()).count() <= 15, "it says fifteen lines");
    let story = story("documented", "count: 4, every: 2s", THROTTLED);
    let program = story.with_file_name("example.py");
    std::fs::write(&program, example).unwrap();
    let program = program.display().to_string();
    let played = play(&story, &["--trials", "1", "--driver", "--", "python3", &program]);
    assert_eq!(played.said.exit, 1, "{}", played.said.stderr);
    assert_eq!(played.verdict("throttle_not_retried"), "fail");
    assert!(played.said.stderr.contains("client: driver urllib 1.0; "), "{}", played.said.stderr);
    let code = Some("ProvisionedThroughputExceededException".to_owned());
    let all: Vec<_> = (1..=4).map(|call| (0, call, Outcome::Error, code.clone())).collect();
    assert_eq!(played.outcomes(), all);
}

/// A driver's calls stand in the journal as those of a client in process do.
#[test]
fn calls_are_journalled_as_those_of_clients_in_process() {
    let story = story("like-in-process", "count: 3", THROTTLED);
    let driven = drive(&story, &["--no-control"], ONE_BY_ONE);
    let inside = play(&story, &["--trials", "1", "--no-control", "--client", "no-throttle-retry"]);
    let of_calls = |trial: &Trial| -> Vec<EventKind> {
        let about = |kind: &EventKind| matches!(kind, EventKind::CallStarted { .. } | EventKind::CallFinished { .. });
        trial.events.iter().map(|e| e.kind.clone()).filter(about).collect()
    };
    assert_eq!(of_calls(driven.trial()), of_calls(inside.trial()));
    assert_eq!(callers(driven.trial()), callers(inside.trial()));
    assert_eq!(callers(driven.trial()), [Some(1), Some(2), Some(3)]);
    let header = &driven.trial().header;
    assert_eq!((header.client.as_str(), header.client_version.as_str()), ("driver", "tested 7"));
    assert_eq!(header.client_note.as_deref(), Some("python, colour red"));
    assert!(!header.owns_demand, "the demand is the scenario's");
}

/// Whatever the clock and the demand, each call is made once, when it is due or as soon as there is a turn for it.
#[test]
fn demand_is_met_in_warp_and_wall_time() {
    const THREADS: &str = "hello(concurrency=8)\nfor call in calls():\n    threading.Thread(target=lambda c=call: say(send(c))).start()\n";
    for (name, workload, body) in [
        ("rate", "count: 8, rate: 50/s", THREADS),
        ("every", "count: 3, every: 20ms", ONE_BY_ONE),
        ("closed", "count: 9, concurrency: 3", THREADS),
        ("one-of-many", "count: 6, concurrency: 3", ONE_BY_ONE),
        ("one-by-one", "count: 3", ONE_BY_ONE),
    ] {
        let story = story(&format!("demand-{name}"), workload, LATE);
        for clock in ["wall", "warp"] {
            if clock == "warp" && !cfg!(target_os = "linux") {
                continue;
            }
            let played = drive(&story, &["--no-control", "--time", clock], body);
            assert!(matches!(played.said.exit, 0 | 2), "{name} in {clock}: {}", played.said.stderr);
            let mut calls: Vec<u64> = played.outcomes().iter().map(|(_, call, _, _)| *call).collect();
            calls.sort_unstable();
            let all: Vec<u64> = (1..=calls.len() as u64).collect();
            assert_eq!(calls, all, "{name} in {clock}");
            let mut asked = callers(played.trial());
            asked.sort_unstable();
            assert_eq!(asked, all.iter().copied().map(Some).collect::<Vec<_>>(), "{name} in {clock}");
            let most = if body == THREADS { 8 } else { 1 };
            assert!(peak(played.trial()) <= most, "{name} in {clock}");
        }
    }
}

/// The most calls that were under way at once.
fn peak(trial: &Trial) -> i32 {
    let (mut now, mut most) = (0, 0);
    for event in &trial.events {
        match event.kind {
            EventKind::CallStarted { .. } => now += 1,
            EventKind::CallFinished { .. } => now -= 1,
            _ => {}
        }
        most = most.max(now);
    }
    most
}

/// In warp time the clock skips from call to call, and a driver's own sleep is as long as it says.
#[cfg(target_os = "linux")]
#[test]
fn a_driver_lives_on_the_warped_clock() {
    let story = story("warped", "count: 10, every: 60s", THROTTLED);
    let body = "hello(concurrency=4)\ndef one(call):\n    first = send(call)\n    time.sleep(90)\n    say(send(call))\n\
                for call in calls():\n    threading.Thread(target=one, args=(call,)).start()\n";
    let watch = brownout_mocks::clock::Stopwatch::start();
    let played = drive(&story, &["--no-control"], body);
    let took = watch.elapsed().as_secs_f64();
    assert_eq!(played.outcomes().len(), 10, "{}", played.said.stderr);
    let last = played.trial().events.iter().map(|e| e.at_us).max().unwrap() as f64 / 1e6;
    assert!((625.0..660.0).contains(&last), "nine minutes of calls and ninety seconds of sleep are {last} s");
    assert!(took < last / 5.0, "{last} s took {took} s");
    let attempts: Vec<(u64, u64)> = played
        .trial()
        .events
        .iter()
        .filter_map(
            |e| if let EventKind::AttemptReceived(r) = &e.kind { Some((r.call.unwrap(), e.at_us)) } else { None },
        )
        .collect();
    for call in 1..=10 {
        let of: Vec<u64> = attempts.iter().filter(|(c, _)| *c == call).map(|(_, at)| *at).collect();
        let slept = (of[1] - of[0]) as f64 / 1e6;
        assert!((90.0..91.5).contains(&slept), "call {call} slept for {slept} s");
    }
}

/// A driver that fails fast has a breaker, and one that does not has none: `unsent` is the evidence.
#[test]
fn a_breaker_is_known_by_what_it_does_not_send() {
    let story = story("breaker", "count: 20, every: 1s", "{when: {operation: GetItem}, inject: {http: 503}}");
    let retry = "def tried(call):\n    for pause in (0.7, 1.3, 0):\n        told = None\n        try:\n            told = send(call)\n        \
                 except Exception:\n            told = {'call': call['call'], 'outcome': 'error', 'code': '503'}\n        \
                 time.sleep(pause)\n    return told\n";
    let flags = ["--no-control", "--profile", "breaker-seed"];
    let open = format!(
        "{retry}hello()\nfailed = 0\nfor call in calls():\n    if failed >= 5:\n        say({{'call': call['call'], 'outcome': \
         'unsent', 'code': 'Open'}})\n    else:\n        told = tried(call)\n        failed += 1\n        say(told)\n"
    );
    let closed = format!("{retry}hello()\nfor call in calls():\n    say(tried(call))\n");
    let (open, closed) = (drive(&story, &flags, &open), drive(&story, &flags, &closed));
    assert_eq!(closed.verdict("breaker_never_opened"), "fail", "{}", closed.said.stderr);
    assert_eq!(open.verdict("breaker_never_opened"), "pass", "{}", open.said.stderr);
    assert_eq!(open.outcomes()[10], (0, 11, Outcome::Error, Some("Open".to_owned())));
    assert!(callers(open.trial()).iter().all(|call| call.unwrap() <= 5), "nothing was sent after that");
}

/// Several clients are several processes: each has its own key, seed and numbers.
#[test]
fn several_clients_share_a_story() {
    let story = story("several", "count: 2", LATE);
    let folder = story.parent().unwrap().display().to_string();
    let body = format!(
        "hello()\nopen('{folder}/seed-%d' % start['client'], 'w').write(str(start['seed']))\nfor call in calls():\n    say(send(call))\n"
    );
    let played = drive(&story, &["--no-control", "--clients", "3"], &body);
    let mut seen: Vec<(u32, u64)> = played.outcomes().iter().map(|(client, call, _, _)| (*client, *call)).collect();
    seen.sort_unstable();
    assert_eq!(seen, [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2)], "{}", played.said.stderr);
    let mut seeds: Vec<u64> = (0..3)
        .map(|client| std::fs::read_to_string(format!("{folder}/seed-{client}")).unwrap().parse().unwrap())
        .collect();
    assert!(seeds.iter().all(|seed| *seed < 1 << 53));
    seeds.dedup();
    assert_eq!(seeds.len(), 3, "each client has a seed of its own");
}

/// Requests that say for no call belong to the only one under way, and to none where there are several.
#[test]
fn a_request_without_a_tag_is_attributed_only_where_there_is_no_doubt() {
    let sequential = "hello()\nfor call in calls():\n    say(send(call, tagged=False))\n";
    let played = drive(&story("untagged", "count: 3", LATE), &["--no-control"], sequential);
    assert_eq!(callers(played.trial()), [Some(1), Some(2), Some(3)]);
    let together = "hello(concurrency=3)\nmet = threading.Barrier(3)\ndef one(call):\n    met.wait()\n    say(send(call, \
                    tagged=False))\nfor call in calls():\n    threading.Thread(target=one, args=(call,)).start()\n";
    let story = story("untagged-together", "count: 3, concurrency: 3", THROTTLED);
    let played = drive(&story, &["--no-control", "--profile", "breaker-seed"], together);
    assert!(callers(played.trial()).contains(&None), "{:?}", callers(played.trial()));
    // What nobody can tell is no evidence of a breaker, nor of loops.
    for rule in ["breaker_never_opened", "breaker_tripped_by_wrong_error", "nested_retries", "slow_recovery"] {
        assert_ne!(played.verdict(rule), "fail", "{rule}: {}", played.said.stderr);
    }
}
