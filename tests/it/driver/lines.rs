//! Drivers that break the protocol, die, or hang: each is told about in a sentence.

use brownout_mocks::journal::EventKind;

use super::{LATE, ONE_BY_ONE, THROTTLED, drive, play, story};

/// What a driver does wrong, and what is said of it.
const WRONG: &[(&str, &str, &str)] = &[
    (
        "text",
        "print('DeprecationWarning: old', flush=True)\nhello()\n",
        "line 1 of the driver's output is no JSON: `DeprecationWarning: old`",
    ),
    (
        "text-later",
        "hello()\nprint('making a call', flush=True)\nsys.stdin.read()",
        "line 2 of the driver's output is no JSON: `making a call`",
    ),
    ("list", "hello()\nsay([1])\nsys.stdin.read()", "line 2 of the driver's output is no JSON object: `[1]`"),
    (
        "outcome",
        "hello()\nfor call in calls():\n    say({'call': call['call'], 'outcome': 'fine'})",
        "unknown variant `fine`, expected one of `ok`, `error`, `unsent`",
    ),
    (
        "field",
        "hello()\nfor call in calls():\n    say({'call': call['call'], 'outcom': 'ok'})",
        "unknown field `outcom`",
    ),
    (
        "unknown",
        "hello()\nfor call in calls():\n    say({'call': 7, 'outcome': 'ok'})",
        "tells of call 7, and there is no such call: those asked for so far are 1 to 1",
    ),
    ("before-any", "hello()\nsay({'call': 99, 'outcome': 'ok'})\nwhile True: time.sleep(1)", "there is no such call"),
    (
        "twice",
        "hello()\nfor call in calls():\n    send(call)\n    say({'call': call['call'], 'outcome': 'ok'})\n    say({'call': call['call'], 'outcome': 'ok'})",
        "tells of call 1 again; each call has one outcome",
    ),
    (
        "late",
        "hello()\nfor call in calls():\n    say(send(call))\nsay({'call': 1, 'outcome': 'ok'})",
        "line 4 of the driver's output tells of call 1 again",
    ),
    (
        "no-hello",
        "say({'call': 1, 'outcome': 'ok'})\nsys.stdin.read()",
        "line 1 of the driver's output tells of a call before the driver has said hello",
    ),
    (
        "two-hellos",
        "hello()\nsay({'hello': 1, 'client': 'x'})\nsys.stdin.read()",
        "line 2 of the driver's output is a second hello",
    ),
    (
        "version",
        "say({'hello': 9, 'client': 'x'})\nsys.stdin.read()",
        "speaks version 9 of the driver protocol, and this brownout speaks version 1",
    ),
    ("half", "hello()\nsys.stdout.write('{\"call\":')\nsys.stdout.flush()", "line 2 of the driver's output breaks off"),
    ("long", "hello()\nsay('x' * 70000)\nsys.stdin.read()", "line 2 of the driver's output is longer than 65536 bytes"),
    (
        "endless",
        "hello()\nwhile True: sys.stdout.write('y' * 9999)",
        "line 2 of the driver's output is longer than 65536 bytes",
    ),
    (
        "silent-end",
        "sys.exit(3)",
        "ended (it exited with status 3) and has said nothing; its first line on standard output is {\"hello\":1,",
    ),
    (
        "cannot",
        "say({'cannot': 'there is no SDK; install it: pip install sdk'})",
        "there is no SDK; install it: pip install sdk",
    ),
    (
        "cannot-one",
        "hello()\nfor call in calls():\n    say({'call': call['call'], 'cannot': 'no such operation'})",
        "call 1: no such operation",
    ),
    (
        "no-request",
        "hello()\nfor call in calls():\n    say({'call': call['call'], 'outcome': 'error', 'code': 'E', 'message': 'oops'})",
        "no request arrived from `python3` although all its calls have ended; the first error was `E`: oops",
    ),
    ("dead-at-once", "hello()\nsys.exit(0)", "ended before its time (it exited with status 0)"),
];

#[test]
fn what_breaks_the_protocol_ends_the_play_with_a_sentence() {
    for (name, body, says) in WRONG {
        let played =
            drive(&story(&format!("wrong-{name}"), "count: 2", LATE), &["--no-control", "--time", "wall"], body);
        assert_eq!(played.said.exit, 2, "{name}: {}", played.said.stderr);
        assert!(played.said.stderr.contains(says), "{name}: {}\nlacks\n{says}", played.said.stderr);
        assert!(played.trials.is_empty(), "{name}: nothing is judged");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_driver_that_never_says_hello_is_not_waited_for_on_the_machines_clock() {
    let played = drive(&story("mute", "count: 2", LATE), &["--no-control"], "sys.stdin.read()");
    assert_eq!(played.said.exit, 2);
    assert!(played.said.stderr.contains("has said nothing for 60 s"), "{}", played.said.stderr);
}

#[test]
fn a_driver_that_dies_is_judged_by_what_was_seen() {
    let body =
        "hello()\nfor call in calls():\n    told = send(call)\n    if call['call'] == 2: os._exit(9)\n    say(told)\n";
    let played = drive(&story("dies", "count: 5", LATE), &["--no-control"], body);
    let says = "the driver `python3` ended before its time (it exited with status 9), with call 2 unanswered";
    assert!(played.said.stderr.contains(says), "{}", played.said.stderr);
    assert_ne!(played.trial().events.len(), 0);
    let ended = played.trial().events.iter().find_map(|e| match e.kind {
        EventKind::ClientEnded { exit, .. } => exit,
        _ => None,
    });
    assert_eq!(ended, Some(9));
    assert_eq!(played.outcomes().len(), 1);
}

/// In warp time ten minutes of silence take no time.
#[cfg(target_os = "linux")]
#[test]
fn a_driver_that_hangs_is_found_out() {
    let body = "hello()\nfor call in calls():\n    told = send(call)\n    if call['call'] < 2: say(told)\n";
    let played = drive(&story("hangs", "count: 3", THROTTLED), &["--no-control"], body);
    assert_eq!(played.verdict("client_hung"), "fail", "{}", played.said.stderr);
    let says = "the driver `python3` hung, with call 2 unanswered: it was stopped after 10m of silence";
    assert!(played.said.stderr.contains(says), "{}", played.said.stderr);
    let before = drive(&story("hangs-first", "count: 3", LATE), &["--no-control"], "hello()\nsys.stdin.read()\n");
    assert_eq!(before.said.exit, 2);
    assert!(before.said.stderr.contains("with call 1 unanswered"), "{}", before.said.stderr);
    assert!(before.said.stderr.contains("no request had arrived"), "{}", before.said.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_driver_that_stays_is_stopped() {
    let body = format!("{ONE_BY_ONE}\nwhile True: time.sleep(3600)\n");
    let played = drive(&story("stays", "count: 2", LATE), &["--no-control"], &body);
    let says = "the driver had not ended 10 s after its last call, and was stopped";
    assert!(played.said.stderr.contains(says), "{}", played.said.stderr);
}

#[test]
fn what_a_driver_cannot_play_is_said() {
    let played = play(
        &crate::tree::root().join("scenarios/visibility/instance-not-visible.yaml"),
        &["--driver", "--", "python3", "-c", ""],
    );
    assert_eq!(played.said.exit, 2);
    assert!(played.said.stderr.contains("has calls for a driver to make"), "{}", played.said.stderr);
    let alone = crate::command::brownout(&["run", "throttle-burst", "--driver"]);
    assert_eq!(alone.exit, 2, "{}", alone.stderr);
}
