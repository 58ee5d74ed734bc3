//! The command from outside: exit codes, streams, hostile input.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::command::{Said, brownout, command, run, scratch};
use crate::tree::root;

const HEAD: &str = "brownout: 1\ntitle: T\nservice: dynamodb\nworkload: \
[{call: GetItem, params: {TableName: t, Key: {id: {S: \"1\"}}}, count: 2}]\n";

/// A scenario file in a folder of the test's own; its name is that of the file.
fn scenario(folder: &Path, name: &str, body: &str) -> String {
    let path = folder.join(format!("{name}.yaml"));
    fs::write(&path, format!("{HEAD}name: {name}\n{body}")).unwrap();
    path.display().to_string()
}

#[track_caller]
fn exits(arguments: &[&str], exit: i32, words: &[&str]) -> Said {
    let said = brownout(arguments);
    assert_eq!(said.exit, exit, "{arguments:?}\n{}", said.stderr);
    for word in words {
        assert!(said.stderr.contains(word), "{arguments:?} does not say {word:?}:\n{}", said.stderr);
    }
    said
}

#[test]
fn a_right_client_passes_and_a_naive_one_fails() {
    let said = exits(&["run", "throttle-burst"], 0, &["1 scenario: 1 passed · score 100"]);
    assert!(said.stdout.is_empty(), "what people read goes to the error stream: {}", said.stdout);
    let naive = ["run", "throttle-burst", "--client", "naive"];
    let said = exits(&naive, 1, &["no_backoff (R08, must)", "brownout run throttle-burst --client naive --seed 0x1"]);
    assert!(said.stderr.trim_end().lines().last().unwrap().starts_with("1 scenario: 0 passed, 1 failed"));
    exits(&[&naive[..], &["--allow", "no_backoff"]].concat(), 0, &["no_backoff (R08, allowed)"]);
    exits(&[&naive[..], &["--allow", "r08"]].concat(), 0, &[]);
    exits(&[&naive[..], &["--allow", "no_backoff", "--fail-under", "90"]].concat(), 1, &["score 87"]);
    exits(&[&naive[..], &["--allow", "no_backoff", "--fail-under", "80"]].concat(), 0, &[]);
    let both = ["run", "throttle-burst", "--client", "naive", "--client", "std-2026"];
    exits(&both, 1, &["2 scenarios: 1 passed, 1 failed"]);
}

#[test]
fn what_cannot_be_played_exits_with_2() {
    let folder = scratch("cannot");
    let never = scenario(&folder, "never", "steps: [{when: {after: 1h}, inject: throttle}]\n");
    let mistaken = scenario(&folder, "mistaken", "steps: [{inject: thrott1e}]\n");
    exits(&["run", &never, "--trials", "2"], 2, &["void", "never fired", "never.yaml:6"]);
    exits(&["run", &mistaken], 2, &["unknown fault `thrott1e`", "did you mean `throttle`?", "1 mistake in"]);
    exits(&["run", &mistaken, "throttle-burst"], 2, &["2 scenarios: 1 passed, 1 broken"]);
    exits(&["run", "throttle-brust"], 2, &["did you mean `throttle-burst`?"]);
    exits(&["run", "scenarios"], 2, &["write `./scenarios`"]);
    exits(&["run", "throttle-burst", "--client", "naiv"], 2, &["there is no client `naiv`", "Did you mean `naive`?"]);
    exits(&["run", "throttle-burst", "--client", "http"], 2, &["can be played by `http`"]);
    exits(&["run", "throttle-burst", "--allow", "no_backof"], 2, &["Did you mean `no_backoff`?"]);
    exits(&["run", "throttle-burst", "--profile", "std-2025"], 2, &["Did you mean `std-2026`?"]);
    exits(&["run", "throttle-burst", "--service", "dynamo"], 2, &["Did you mean `dynamodb`?"]);
    exits(&["run", "throttle-burst", "--client-config", "retry=1"], 2, &["has no setting `retry`", "retries.mode"]);
    exits(&["run", "throttle-burst", "--report", "jsn=-"], 2, &["Did you mean `json`?", "json, junit, text"]);
    for bar in ["nan", "101", "-1", "much"] {
        exits(&["run", "throttle-burst", &format!("--fail-under={bar}")], 2, &["write a score from 0 to 100"]);
    }
    for wrong in
        [&["run", "--bogus"][..], &["frobnicate"], &[], &["lint"], &["judge"], &["list", "rulez"], &["explain"]]
    {
        assert_eq!(brownout(wrong).exit, 2, "{wrong:?}");
    }
    exits(&["explain", "no_backof"], 2, &["Did you mean `no_backoff`?"]);
    for (name, id) in [("eventbridge", "events"), ("cloudwatchlogs", "logs"), ("agent", "bedrock-agent-runtime")] {
        let meant = format!("Did you mean `{id}`?");
        exits(&["list", "errors", "--service", name], 2, &["there is no service", &meant]);
        exits(&["run", "--service", name], 2, &[&meant]);
    }
}

/// Who tried and was turned away is judged, where that can be seen; of whom nothing was seen is not.
#[test]
fn a_client_that_no_connection_let_in_was_there_all_the_same() {
    let folder = scratch("turned-away");
    let refused = scenario(&folder, "refused", "steps: [{inject: refuse}]\n");
    let reset = scenario(&folder, "reset", "steps: [{inject: {reset: {at: connect}}}]\n");
    for path in [&refused, &reset] {
        exits(&["run", path], 0, &["pass  ", "no connection carried a request"]);
    }
    // What the kernel refuses nobody sees.
    let said = exits(&["run", &refused, "--no-control", "--", "true"], 2, &["kept the port closed"]);
    assert!(!said.stderr.contains("is it an AWS client"), "{}", said.stderr);
    if crate::tls::has("curl") {
        let ask = "curl -s --noproxy '*' \"$AWS_ENDPOINT_URL\"; true";
        exits(&["run", &reset, "--no-control", "--", "sh", "-c", ask], 0, &["no connection carried a request"]);
    }
    let unasked = "brownout: 1\ntitle: T\nservice: lambda\nname: unasked\nworkload: [{call: Invoke}]\n";
    let path = folder.join("unasked.yaml");
    fs::write(&path, unasked).unwrap();
    exits(&["run", path.to_str().unwrap()], 2, &["void", "no request arrived, so there is nothing to judge"]);
}

#[test]
fn a_command_that_is_no_client_exits_with_2() {
    exits(&["run", "throttle-burst", "--", "/nowhere/at-all"], 2, &["could not start `/nowhere/at-all`"]);
    exits(&["run", "throttle-burst", "--", "true"], 2, &["no request arrived from `true`", "AWS_ENDPOINT_URL"]);
    exits(&["run", "throttle-burst", "--client", "naive", "--", "true"], 2, &["not both"]);
    exits(&["run", "throttle-burst", "--time", "virtual", "--", "true"], 2, &["virtual time"]);
}

#[test]
fn a_command_that_never_connects_is_stopped() {
    let arguments = ["run", "throttle-burst", "--client-timeout", "1s", "--", "sleep", "60"];
    exits(&arguments, 2, &["no request arrived from `sleep`", "it was stopped after 1s of silence"]);
}

#[test]
fn ending_brownout_ends_the_command() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let mut brownout =
            command(&["run", "throttle-burst", "--time", "wall", "--", "sh", "-c", "echo $$; exec sleep 60"])
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .unwrap();
        let mut client = String::new();
        BufReader::new(brownout.stdout.take().unwrap()).read_line(&mut client).unwrap();
        let kill =
            |signal: &str, pid: &str| Command::new("kill").args([signal, pid]).output().unwrap().status.success();
        assert!(kill("-0", client.trim()), "{client:?} does not run");
        assert!(kill(signal, &brownout.id().to_string()));
        let said = brownout.wait_with_output().unwrap();
        assert_eq!(said.status.code(), Some(2), "{signal}");
        assert!(String::from_utf8_lossy(&said.stderr).contains("and the command with it"));
        assert!(!kill("-0", client.trim()), "{signal} left {client} behind");
    }
}

#[test]
fn a_workload_may_be_slower_than_a_client_may_be_silent() {
    let folder = scratch("slow");
    let path = folder.join("slow.yaml");
    let text = "brownout: 1\nname: slow\ntitle: T\nservice: dynamodb\nworkload: [{call: GetItem, \
        params: {TableName: t, Key: {id: {S: \"1\"}}}, count: 12, rate: 4/h}]\nsteps: [{times: 2, inject: throttle}]\n";
    fs::write(&path, text).unwrap();
    exits(&["run", &path.display().to_string()], 0, &["1 passed"]);
}

#[test]
fn a_step_that_resets_connections_counts_as_played() {
    let folder = scratch("refused");
    let path = scenario(&folder, "refused", "steps: [{times: 1, inject: {reset: {at: connect}}}]\n");
    exits(&["run", &path], 0, &["1 passed"]);
}

#[test]
fn an_undecided_rule_that_was_asked_for_exits_with_3() {
    let folder = scratch("undecided");
    let steps = "steps: [{when: {attempt: 1..2}, inject: throttle}]\nexpect: {judge: [fixed_backoff]}\n";
    let path = scenario(&folder, "undecided", steps);
    exits(&["run", &path, "--trials", "1"], 3, &["fixed_backoff was to be decided here", "--trials", "1 open"]);
    exits(&["run", &path], 0, &[]);
    // 1 beats 2 beats 3, over several scenarios.
    let never = scenario(&folder, "never", "steps: [{when: {after: 1h}, inject: throttle}]\n");
    exits(&["run", &path, &never, "--trials", "1"], 2, &[]);
    exits(&["run", &path, &never, "throttle-burst", "--trials", "1", "--client", "naive"], 1, &[]);
}

#[test]
fn a_report_that_cannot_be_written_is_said_and_hides_nothing() {
    let folder = scratch("unwritable");
    fs::write(folder.join("file"), "").unwrap();
    let under = folder.join("file/report");
    for (client, exit) in [("std-2026", 2), ("naive", 1)] {
        let report = format!("json={}", under.display());
        let run = ["run", "throttle-burst", "--client", client, "--report", &report];
        exits(&run, exit, &["could not write the json report", "1 scenario: "]);
    }
    let journal = under.display().to_string();
    exits(&["run", "throttle-burst", "--journal", &journal], 2, &["could not write"]);
    let deep = folder.join("made/on/the/way.json");
    exits(&["run", "throttle-burst", "--report", &format!("json={}", deep.display())], 0, &[]);
    assert!(deep.is_file());
}

/// Without what the command adds: how long it took, and how it was called.
fn judged(text: &str) -> Value {
    let mut report: Value = serde_json::from_str(text).unwrap();
    report.as_object_mut().unwrap().remove("wall_ms");
    for run in report["runs"].as_array_mut().unwrap() {
        run.as_object_mut().unwrap().remove("repeat");
    }
    report
}

#[test]
fn a_journal_judged_again_gives_the_same_report() {
    let folder = scratch("again");
    let journal = folder.join("journal.jsonl").display().to_string();
    let play = |more: &[&str]| {
        let run = ["run", "--report", "json=-", "--journal", &journal];
        let first = brownout(&[&run[..], more].concat());
        let again = brownout(&["judge", "--report", "json=-", &journal]);
        assert_eq!(judged(&first.stdout), judged(&again.stdout), "{more:?}");
        assert_eq!(first.exit, again.exit, "{more:?}");
    };
    for client in ["naive", "aws-sdk-rust", "exact-doubling", "hangs"] {
        play(&["throttle-burst", "--client", client]);
    }
    play(&["quota", "visibility", "--trials", "2"]);
    play(&["gateway-retry-after", "--profile", "documented", "--no-control"]);
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let folder = scratch("bytes");
    let play = |name: &str, more: &[&str]| {
        let path = folder.join(name);
        let journal = path.display().to_string();
        brownout(&[&["run", "throttling", "--trials", "2", "--journal", &journal], more].concat());
        fs::read(path).unwrap()
    };
    let one = play("a", &["--jobs", "1"]);
    assert!(one == play("b", &["--jobs", "8"]), "the number of threads shows in the journal");
    assert!(one != play("c", &["--seed", "2"]), "the seed does not show in the journal");
}

#[test]
fn a_cut_journal_is_judged_up_to_its_last_whole_line() {
    let folder = scratch("cut");
    let whole = folder.join("whole.jsonl").display().to_string();
    let path = scenario(&folder, "small", "steps: [{inject: throttle, times: 1}]\n");
    brownout(&["run", &path, "--trials", "1", "--client", "std-2026", "--journal", &whole]);
    let bytes = fs::read(&whole).unwrap();
    // At every byte, by the library; at a few, by the command.
    let (mut trials_before, mut events_before) = (0, 0);
    for end in 0..=bytes.len() {
        let lines = bytes[..end].split(|b| *b == b'\n').count() - 1;
        match brownout_mocks::journal::read(&mut &bytes[..end]) {
            Ok(trials) => {
                let events: usize = trials.iter().map(|t| t.events.len()).sum();
                assert_eq!(trials.len() + events, lines, "cut at {end}");
                assert!(trials.len() >= trials_before && trials.len() + events >= trials_before + events_before);
                (trials_before, events_before) = (trials.len(), events);
            }
            Err(error) => assert!(lines == 0, "cut at {end}: {error}"),
        }
    }
    let cut = folder.join("cut.jsonl").display().to_string();
    for end in (0..bytes.len()).step_by(bytes.len() / 24) {
        fs::write(&cut, &bytes[..end]).unwrap();
        let said = brownout(&["judge", &cut, "--report", "json=-"]);
        assert!([0, 1, 2].contains(&said.exit) && !said.stderr.contains("panicked"), "cut at {end}: {}", said.stderr);
    }
    fs::write(&cut, &bytes).unwrap();
    exits(&["judge", &cut], 0, &["1 passed"]);
}

#[test]
fn a_journal_that_is_none_is_refused() {
    let folder = scratch("no-journal");
    let path = folder.join("j.jsonl");
    let name = path.display().to_string();
    for (bytes, wanted) in [
        (&b""[..], "holds no trial"),
        (b"{}\n", "holds no trial"),
        (b"{\"journal\":2}\n", "format version 2"),
        (b"{\"journal\":1}\n", "line 1 is no journal line"),
        (b"\x00\xff\xfe\n", "holds no trial"),
    ] {
        fs::write(&path, bytes).unwrap();
        exits(&["judge", &name], 2, &[wanted]);
    }
    exits(&["judge", "/nowhere/j.jsonl"], 2, &["could not read `/nowhere/j.jsonl`"]);
}

#[test]
fn trials_that_are_no_one_run_are_not_judged_as_one() {
    let folder = scratch("two-runs");
    let [one, two, both] = ["one", "two", "both"].map(|name| folder.join(name).display().to_string());
    for (journal, seed) in [(&one, "1"), (&two, "2")] {
        brownout(&["run", "throttle-burst", "--trials", "1", "--seed", seed, "--journal", journal]);
    }
    for (other, wanted) in [(&one, "in it twice"), (&two, "files of their own")] {
        fs::write(&both, [fs::read(&one).unwrap(), fs::read(other).unwrap()].concat()).unwrap();
        exits(&["judge", &both], 2, &[wanted]);
        exits(&["fit", &both], 2, &[wanted]);
    }
}

#[test]
fn hostile_files_are_refused_quickly() {
    let folder = scratch("hostile");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    exits(&["run", &file("binary.yaml", &[0x7f, b'E', 0xff, 0x00])], 2, &["is no text in UTF-8"]);
    exits(&["lint", &file("nul.yaml", b"brownout: 1\n\0\0\0")], 2, &["in "]);
    exits(&["run", &file("empty.yaml", b"")], 2, &["the file is empty"]);
    exits(&["run", &file("large.yaml", &b"steps: [{inject: close}]\n".repeat(450_000))], 2, &["1 mistake"]);
    exits(&["run", &file("deep.yaml", &b"[".repeat(100_000))], 2, &["mistake"]);
    fs::create_dir(folder.join("nothing")).unwrap();
    exits(&["run", &format!("{}/", folder.join("nothing").display())], 2, &["no `.yaml` file lies in"]);
    exits(&["run", "/nowhere/x.yaml"], 2, &["could not read `/nowhere/x.yaml`"]);
    exits(&["run", ""], 2, &["no scenario or family"]);
}

#[test]
fn machine_formats_go_to_the_standard_output_alone() {
    let said = brownout(&["run", "throttle-burst", "--client", "naive", "--report", "json=-"]);
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((report["version"].as_u64(), report["exit_code"].as_i64()), (Some(1), Some(i64::from(said.exit))));
    assert!(said.stderr.contains("no_backoff") && !said.stderr.contains("\"version\""));
    let said = brownout(&["run", "throttle-burst", "--report", "junit=-"]);
    assert!(said.stdout.starts_with("<?xml") && said.stdout.trim_end().ends_with("</testsuites>"));
    let said = brownout(&["run", "throttle-burst", "--report", "text=-"]);
    assert!(said.stdout.starts_with("pass  throttle-burst"));
}

#[test]
fn colours_are_for_those_who_want_them() {
    let naive = ["run", "throttle-burst", "--client", "naive"];
    assert!(!brownout(&naive).stderr.contains('\u{1b}'), "no colours where nobody looks");
    assert!(run(command(&naive).env("CLICOLOR_FORCE", "1")).stderr.contains('\u{1b}'));
    let never = run(command(&naive).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1"));
    assert!(!never.stderr.contains('\u{1b}'), "NO_COLOR has the last word");
    let mistaken = scenario(&scratch("colours"), "mistaken", "clints: 2\n");
    let never = run(command(&["lint", &mistaken]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1"));
    assert!(!never.stderr.contains('\u{1b}') && never.exit == 2);
}

#[test]
fn everything_that_is_listed_is_explained() {
    for what in ["rules", "faults", "profiles", "clients", "services", "scenarios", "errors"] {
        let said = brownout(&["list", what]);
        assert_eq!((said.exit, said.stderr.as_str()), (0, ""), "{what}");
        assert!(said.stdout.lines().count() >= 5, "{what}: {}", said.stdout);
        // One of each kind is started; all of the short lists.
        let all = if what == "errors" { 3 } else { usize::MAX };
        for line in said.stdout.lines().take(all) {
            let name = line.split_whitespace().next().unwrap();
            let explained = brownout(&["explain", name]);
            assert_eq!(explained.exit, 0, "{name}: {}", explained.stderr);
            assert!(explained.stdout.starts_with("# "), "{name}: {}", explained.stdout);
        }
    }
    assert!(brownout(&["explain", "r08"]).stdout.contains("# no_backoff"));
    assert!(brownout(&["explain", "DEFAULT_4XX"]).stdout.contains("no error of its own"));
    assert!(brownout(&["explain", "stream_error"]).stdout.contains("ends with an exception"));
    let dynamodb = brownout(&["list", "scenarios", "--service", "dynamodb"]).stdout;
    assert!(dynamodb.contains("throttle-burst") && !dynamodb.contains("s3-slow-down"));
}

#[test]
fn errors_are_listed_and_explained_with_all_that_is_known() {
    let said = brownout(&["list", "errors", "--service", "kinesis", "--json"]);
    let rows: Vec<Value> = serde_json::from_str(&said.stdout).unwrap();
    let code = "ProvisionedThroughputExceededException";
    let row = rows.iter().find(|r| r["code"] == code).unwrap();
    assert_eq!((row["status"].as_u64(), row["class"].as_str()), (Some(400), Some("throttling")));
    assert_eq!(row["on_the_wire"]["awsJson1_1"], code);
    assert!(rows.iter().all(|r| r["service"] == "kinesis" && r["attempts"].as_array().is_some_and(|a| a.len() == 3)));
    let all: Vec<Value> = serde_json::from_str(&brownout(&["list", "errors", "--json"]).stdout).unwrap();
    let function = all.iter().find(|r| r["code"] == "Runtime.ExitError").unwrap();
    assert!(function["class"].is_null(), "a failed function is no error of the API");
    let told = brownout(&["explain", code]).stdout;
    for part in ["of dynamodb", "of kinesis", "status 400, throttling", "4 / 10 / 4", "in awsJson1_0:", "HTTP/1.1 400"]
    {
        assert!(told.contains(part), "{part:?} is missing:\n{told}");
    }
}

#[test]
fn the_schema_is_that_of_the_docs() {
    let kept = fs::read_to_string(root().join("docs/scenario.schema.json")).unwrap();
    assert!(brownout(&["schema"]).stdout == kept, "docs/scenario.schema.json is stale");
}

#[test]
fn lint_counts_and_explains() {
    exits(&["lint", "./scenarios", "throttling"], 0, &["scenarios, no mistakes"]);
    let folder = scratch("lint");
    scenario(&folder, "a", "clints: 2\n");
    scenario(&folder, "b", "steps: [{inject: {latency: 5}}]\n");
    let all = format!("{}/", folder.display());
    exits(&["lint", &all], 2, &["did you mean `clients`?", "`5s` or `5ms`", "1 mistake in", "a.yaml", "b.yaml"]);
}

#[test]
fn each_request_is_explained_on_demand() {
    let said = exits(&["run", "throttle-burst", "--explain", "--trials", "1"], 0, &["GetItem", "attempt 3", "step"]);
    assert!(said.stderr.contains("no step injects: the normal answer"), "{}", said.stderr);
}
