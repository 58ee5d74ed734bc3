//! The drivers that brownout brings along, as far as they can be played without an SDK: what is missing is said, and the
//! AWS CLI is played by a program that talks like it. Real SDKs are played by `tests/interop/run.py`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use brownout_mocks::journal::Outcome;

use super::{LATE, THROTTLED, callers, play_with, story};
use crate::command::{brownout, command, run, scratch};

fn program(name: &str, text: &str) -> String {
    let path: PathBuf = scratch(&format!("driver-{name}")).join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

/// Starts a run that cannot be played; what it says.
fn fails(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let said = run(command(arguments).envs(environment.iter().copied()));
    assert_eq!(said.exit, 2, "{}", said.stderr);
    said.stderr
}

#[test]
fn a_missing_program_is_a_sentence_with_what_to_install() {
    for (client, variable, says) in [
        ("boto3", "BROWNOUT_PYTHON", "there is no program `/nowhere/x`, which boto3 needs; install Python"),
        ("aws-cli", "BROWNOUT_AWS", "there is no program `/nowhere/x`; install the AWS CLI"),
        ("aws-sdk-js", "BROWNOUT_NODE", "there is no program `/nowhere/x`, which the AWS SDK for JavaScript needs"),
    ] {
        let said = fails(&["run", "throttle-burst", "--client", client], &[(variable, "/nowhere/x")]);
        assert!(said.contains(says), "{said}\nlacks\n{says}");
    }
}

#[test]
fn a_python_without_boto3_is_told_how_to_get_it() {
    let python = program("bare-python", "#!/bin/sh\nexec python3 -I -S \"$@\"\n");
    let said = fails(&["run", "throttle-burst", "--client", "boto3"], &[("BROWNOUT_PYTHON", &python)]);
    assert!(said.contains("there is no boto3 for `"), "{said}");
    assert!(said.contains("-m pip install boto3"), "{said}");
}

#[test]
fn what_cannot_be_is_said_before_anything_is_played() {
    let said = fails(&["run", "throttle-burst", "--client", "boto3", "--client-config", "retries.mod=x"], &[]);
    assert!(said.contains("boto3 has no setting `retries.mod`; did you mean `retries.mode`?"), "{said}");
    let said = fails(&["run", "throttle-burst", "--client", "boto4"], &[]);
    assert!(said.contains("there is no client `boto4`. Did you mean `boto3`?"), "{said}");
    let said = fails(&["run", "throttle-burst", "--client", "boto3", "--time", "virtual"], &[]);
    assert!(said.contains("`boto3` cannot be played in virtual time"), "{said}");
    let said = fails(&["run", "throttle-burst", "--client", "boto3", "--client", "naive", "--time", "warp"], &[]);
    assert!(said.contains("clients in process have virtual time"), "{said}");
    let said = fails(&["run", "thirty-seconds", "--client", "boto3"], &[]);
    assert!(said.contains("none of these scenarios can be played by `boto3`"), "{said}");
}

#[test]
fn clients_are_listed_with_what_is_here() {
    let listed = brownout(&["list", "clients"]).stdout;
    for id in ["boto3", "aws-cli", "aws-sdk-js"] {
        let line = listed.lines().find(|l| l.starts_with(&format!("{id} "))).unwrap();
        assert!(line.contains("real, ") && line.contains("found"), "{line}");
    }
    let with = run(command(&["list", "clients"]).env("BROWNOUT_AWS", "no-such-aws")).stdout;
    assert!(with.contains("no-such-aws not found"), "{with}");
}

/// Talks like the AWS CLI of some version, and retries nothing.
const AWS: &str = r##"#!/usr/bin/env python3
import json, os, sys, urllib.error, urllib.request
if sys.argv[1] == "--version":
    print("aws-cli/VERSION Python/3.13.4 Linux/6.1 exe/x86_64")
    sys.exit()
assert sys.argv[1:4] == ["dynamodb", "get-item", "--cli-input-json"], sys.argv
if "VERSION"[0] == "2" and "raw-in-base64-out" not in sys.argv:
    sys.exit("no binary format")
if os.environ.get("FAKE_USAGE"):
    sys.stderr.write("usage: aws [options]\n\naws: error: Unknown options: --zeal\n")
    sys.exit(252)
head = {"X-Amz-Target": "DynamoDB_20120810.GetItem", "User-Agent": "aws-cli/VERSION app/" + os.environ["AWS_SDK_UA_APP_ID"]}
try:
    urllib.request.urlopen(urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], sys.argv[4].encode(), head)).read()
except urllib.error.HTTPError as error:
    code = json.load(error)["__type"].split("#")[-1]
    sys.stderr.write(f"\nAn error occurred ({code}) when calling the GetItem operation: Rate exceeded\n")
    sys.exit(254)
"##;

#[test]
fn each_call_of_the_cli_is_a_process_and_has_its_number() {
    for (version, kind) in
        [("1.45.11", "AWS CLI version 1, python 3.13.4, retry mode legacy, a process"), ("2.31.4", "AWS CLI version 2")]
    {
        let aws = program(&format!("aws-{version}"), &AWS.replace("VERSION", version));
        let story = story(&format!("cli-{}", &version[..1]), "count: 4, concurrency: 2", THROTTLED);
        let played =
            play_with(&story, &["--trials", "1", "--no-control", "--client", "aws-cli"], &[("BROWNOUT_AWS", &aws)]);
        let header = &played.trial().header;
        assert_eq!(
            (header.client.as_str(), header.client_version.as_str()),
            ("aws-cli", version),
            "{}",
            played.said.stderr
        );
        assert!(played.said.stderr.contains(kind), "{}", played.said.stderr);
        let mut calls = callers(played.trial());
        calls.sort_unstable();
        assert_eq!(calls, [Some(1), Some(2), Some(3), Some(4)]);
        let outcomes = played.outcomes();
        assert_eq!(outcomes.len(), 4);
        let throttled = Some("ProvisionedThroughputExceededException".to_owned());
        assert!(outcomes.iter().all(|(_, _, outcome, code)| *outcome == Outcome::Error && *code == throttled));
    }
}

#[test]
fn a_cli_that_is_used_wrongly_is_no_failure_of_its_client() {
    let aws = program("aws-usage", &AWS.replace("VERSION", "2.31.4"));
    let played = play_with(
        &story("cli-usage", "count: 1", LATE),
        &["--no-control", "--client", "aws-cli"],
        &[("BROWNOUT_AWS", &aws), ("FAKE_USAGE", "1")],
    );
    assert_eq!(played.said.exit, 2);
    let says = "the AWS CLI version 2 cannot make call 1 (dynamodb GetItem): aws: error: Unknown options: --zeal";
    assert!(played.said.stderr.contains(says), "{}", played.said.stderr);
    let other = program("no-aws", "#!/bin/sh\necho something else\n");
    let said = fails(&["run", "throttle-burst", "--client", "aws-cli"], &[("BROWNOUT_AWS", &other)]);
    assert!(said.contains("says `something else`, which is no AWS CLI"), "{said}");
}
