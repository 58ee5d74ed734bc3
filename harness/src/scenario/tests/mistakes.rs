//! Mistakes in a file: each is found, with its place, and explained.

use brownout_mocks::fault::FAULTS;

use super::*;

#[test]
fn all_mistakes_of_a_file_are_shown_in_one_go() {
    let text = "\
brownout: 1
name: Größe
title: X
service: dynamo
clints: 2
steps:
  - when: {operation: GetItem, until: 5}
    inject: {latncy: 200ms}
  - inject: {throttle: {retry_after: 1s}}
  - inject: {http: 503}
";
    let faults: Vec<&str> = FAULTS.iter().map(|f| f.name).collect();
    let wanted = "\
error: `name`: `Größe` is not in kebab-case: lower-case letters, digits and single hyphens
 --> scenarios/x.yaml:2:7
  |
2 | name: Größe
  |       ^^^^^

error: there is no service `dynamo`
 --> scenarios/x.yaml:4:10
  |
4 | service: dynamo
  |          ^^^^^^
  |
  = help: did you mean `dynamodb`?
  = help: services: apigateway, bedrock-agent-runtime, bedrock-runtime, cloudwatch, dynamodb, ec2, events, execute-api, iam, kinesis, lambda, logs, s3, sqs, sts

error: unknown key `clints` in the scenario
 --> scenarios/x.yaml:5:1
  |
5 | clints: 2
  | ^^^^^^ not part of this block
  |
  = help: did you mean `clients`?
  = help: known keys: accounts, brownout, capacity, clients, expect, http2, name, service, sources, start, steps, title, upstream, why, workload

error: `until`: a duration needs its unit: `5s` or `5ms`
 --> scenarios/x.yaml:7:39
  |
7 |   - when: {operation: GetItem, until: 5}
  |                                       ^

error: unknown fault `latncy`
 --> scenarios/x.yaml:8:14
  |
8 |     inject: {latncy: 200ms}
  |              ^^^^^^ no such fault
  |
  = help: did you mean `latency`?
  = help: faults: FAULTS

error: this step is never reached: the one on line 9 takes every request that it is about
  --> scenarios/x.yaml:10:5
   |
 9 |   - inject: {throttle: {retry_after: 1s}}
   |     ------------------------------------- takes them all
10 |   - inject: {http: 503}
   |     ^^^^^^^^^^^^^^^^^^^ never reached
   |
   = help: put it first, or give the earlier one `times`, `until` or a narrower `when`

6 mistakes in scenarios/x.yaml
"
    .replace("FAULTS", &faults.join(", "));
    let found = Scenario::parse("scenarios/x.yaml", text).unwrap_err();
    assert_eq!(found.render(false), wanted);
    assert!(found.render(true).contains('\u{1b}'));
    assert_eq!(
        found.one_line_each().lines().nth(2),
        Some("scenarios/x.yaml:5:1: unknown key `clints` in the scenario")
    );
}

#[test]
fn each_mistake_against_the_schema_is_explained() {
    let mut failures = Vec::new();
    for (body, wanted) in [
        ("clients: 0", "5:10 `clients` must lie between 1 and 100000, found 0"),
        ("clients: two", "5:10 `clients` must be a whole number, found text"),
        ("clients: 1.5", "5:10 `clients` must be a whole number, found 1.5"),
        ("clients:", "5:1 `clients` has no value"),
        ("why: [a]", "5:6 `why` must be text, found a list"),
        ("why: 5", "5:6 `why` must be text, found the number 5"),
        ("start: tomorrow", "5:8 `start`: `tomorrow` is no date; write `2026-01-01T00:00:00Z`, in UTC"),
        (
            "upstream: https://127.0.0.1",
            "5:11 `upstream`: `https://127.0.0.1` wants TLS, which an upstream cannot have; write `http://127.0.0.1:5000`",
        ),
        (
            "upstream: {url: http://127.0.0.1:5000, reset: moto}",
            "5:47 `reset`: `moto` is no path; write `/moto-api/reset`",
        ),
        ("capacity: {workers: 8}", "5:1 `capacity` lacks `service_time`"),
        ("steps: {inject: close}", "5:1 `steps` must be a list, found a map"),
        ("steps: [{inject: clsoe}]", "5:18 unknown fault `clsoe`"),
        (
            "steps: [{inject: {accepted: {for: 1s}}}]",
            "5:18 `accepted` can never act here, on dynamodb: only `execute-api` accepts work for later",
        ),
        (
            "steps: [{inject: {rate_limit: ec2}}]",
            "5:18 `rate_limit` can never act here, on dynamodb: these are the limits of another service",
        ),
        ("steps: [{inject: [{drip: {rate: 1/s}}, {stall: {for: 1s}}]}]", "5:40 `stall` is a second pace of one body"),
        (
            "steps: [{inject: {reply: {body: abc, headers: {Content-Length: '7'}}}}]",
            "5:47 `Content-Length` belongs to the connection; `truncate`, `garbage` and `close` break it",
        ),
        ("steps: [{inject: latency}]", "5:18 `latency` cannot stand alone"),
        ("steps: [{inject: stream_error}]", "5:18 no operation that this step meets answers with a stream"),
        (
            "steps: [{when: {service: bedrock-runtime, operation: Converse}, inject: stream_error}]",
            "5:73 no operation that this step meets answers with a stream",
        ),
        (
            "steps: [{when: {service: bedrock-*}, inject: {stream_error: {code: ThrottlingException}}}]",
            "5:68 no such stream ends with `ThrottlingException`",
        ),
        ("steps: [{inject: {rate_limit: ecc}}]", "5:31 `rate_limit` cannot be `ecc`"),
        ("steps: [{inject: {rate_limit: {bucket: 5}}}]", "5:19 `rate_limit` lacks `refill`"),
        (
            "steps: [{inject: {rate_limit: {bucket: 5, refill: 2}}}]",
            "5:51 `refill`: `2` is not a rate; write `4/s`, `30/m` or `100/h`",
        ),
        (
            "steps: [{inject: {rate_limit: {bucket: 5, refill: 2/s, scope: [acount]}}}]",
            "5:64 `scope` cannot be `acount`",
        ),
        ("steps: [{inject: {latency: 200}}]", "5:28 `latency`: a duration needs its unit: `200s` or `200ms`"),
        (
            "steps: [{inject: {latency: 5 parsecs}}]",
            "5:28 `latency`: `5 parsecs` is not a duration; write `250ms`, `1s`, `5m`, `1h` or `1d`",
        ),
        (
            "steps: [{inject: {latency: {uniform: [1s, 2]}}}]",
            "5:43 `uniform`: a duration needs its unit: `2s` or `2ms`",
        ),
        ("steps: [{inject: {latency: {uniform: [1s]}}}]", "5:38 `uniform` takes 2 values, found 1"),
        ("steps: [{inject: {latency: {lognormal: {median: 1s}}}}]", "5:29 `lognormal` lacks `p99`"),
        ("steps: [{inject: {latency: {lognorml: {median: 1s, p99: 2s}}}}]", "5:29 unknown key `lognorml` in `latency`"),
        ("steps: [{inject: {http: \"503\"}}]", "5:25 `http` must be a whole number or a map with `status`, found text"),
        ("steps: [{inject: {http: 200}}]", "5:25 `http` must lie between 400 and 599, found 200"),
        ("steps: [{inject: {http: {status: 503, body: htm}}}]", "5:45 `body` cannot be `htm`"),
        ("steps: [{inject: {throttle: {times: 2}}}]", "5:30 unknown key `times` in `throttle`"),
        (
            "steps: [{inject: {throttle: {retry_after: 2}}}]",
            "5:43 `retry_after`: a duration needs its unit: `2s` or `2ms`",
        ),
        ("steps: [{inject: {throttle: {retry_after: {dat: 2s}}}}]", "5:44 unknown key `dat` in `retry_after`"),
        ("steps: [{inject: {throttle: {}, latency: 1s}}]", "5:33 a second key, `latency`, in one fault"),
        ("steps: [{inject: {}}]", "5:18 a fault needs its name: `inject: {throttle: {}}`"),
        ("steps: [{inject: 5}]", "5:18 `inject` must be a fault or a list, found the number 5"),
        ("steps: [{inject: close, when: {attempt: -1}}]", "5:41 `attempt` must be at least 0, found -1"),
        (
            "steps: [{inject: close, when: {attempt: 5..2}}]",
            "5:41 `attempt`: `5..2` is empty: it ends before it begins",
        ),
        (
            "steps: [{inject: close, when: {call: 1-3}}]",
            "5:38 `call`: `1-3` is no ordinal; write `3`, `2..5` (both included) or `2..`",
        ),
        (
            "steps: [{inject: close, when: {operation: 5}}]",
            "5:43 `operation` must be text or a list, found the number 5",
        ),
        ("steps: [{inject: close, times: 2, per: cal}]", "5:40 `per` cannot be `cal`"),
        ("steps: [{inject: close, probability: 2}]", "5:38 `probability` must lie between 0 and 1, found 2"),
        ("steps: [{inject: close, optional: maybe}]", "5:35 `optional` must be `true` or `false`, found text"),
        ("workload: [{cal: GetItem}]", "5:13 unknown key `cal` in `workload`"),
        ("workload: [{count: 5}]", "5:12 `workload` lacks `call`"),
        ("workload: [{call: GetItem, count: 0}]", "5:35 `count` must lie between 1 and 1000000, found 0"),
        (
            "workload: [{call: GetItem, rate: 4 per second}]",
            "5:34 `rate`: `4 per second` is not a rate; write `4/s`, `30/m` or `100/h`",
        ),
        ("workload: [{call: GetItem, pace: 5s}]", "5:28 unknown key `pace` in `workload`"),
        ("workload: [{flow: [{call: GetItem}], paec: 5s}]", "5:38 unknown key `paec` in `workload`"),
        ("workload: [{flow: [{pol: GetItem}]}]", "5:21 unknown key `pol` in `flow`"),
        ("expect: {outcome: sucess}", "5:19 `outcome` cannot be `sucess`"),
        ("expect: {profile: {attempts_max: 3}}", "5:10 `profile` lacks `base`"),
        ("expect: {profile: [a]}", "5:19 `profile` must be text or a map with `base`, found a list"),
        ("expect: {exit: 300}", "5:16 `exit` must lie between 0 and 255, found 300"),
        (
            "accounts: {\"111111111111\": [5000000000]}",
            "5:29 `111111111111` must lie between 0 and 4294967295, found 5000000000",
        ),
    ] {
        let found = mistakes(body);
        if !found.iter().any(|f| f == wanted) {
            failures.push(format!("{body}: wanted {wanted}, found {found:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn what_helps_fits_the_fault() {
    let helped = |inject: &str| {
        let text = format!("{HEAD}steps: [{{inject: {inject}}}]\n");
        Scenario::parse("t.yaml", &text).unwrap_err().render(false)
    };
    let status = "`error` with a `status` sends any code";
    assert!(helped("{throttle: {code: Nobodys}}").contains(status));
    assert!(helped("{error: {code: Nobodys}}").contains("give it a `status` if it is meant so"));
    for (inject, help) in [
        ("{masked: {code: Nobodys, status: 500}}", "`brownout list errors` shows them"),
        ("{error_in_200: {code: Nobodys}}", "`reply` sends any body"),
        ("{error: {code: DEFAULT_5XX}}", "that we know of"),
    ] {
        let said = helped(inject);
        assert!(said.contains(help) && !said.contains(status), "{said}");
    }
    for paced in
        ["[{stall: {for: 1s}}, {truncate: {after: 1}}]", "[{drip: {rate: 1/s}}, {reset: {at: body, after: 1}}]"]
    {
        let text = format!("{HEAD}steps: [{{inject: {paced}}}]\n");
        assert!(Scenario::parse("t.yaml", &text).is_ok(), "some of the body is sent: {paced}");
    }
}

#[test]
fn what_is_well_meant_is_allowed() {
    for body in [
        "",
        "steps: []",
        "steps: [{inject: throttle}]",
        "steps: [{inject: {throttle: }}]",
        "steps: [{inject: [{latency: 1s}, close]}]",
        "steps: [{pass: true, when: {attempt: 1}}, {inject: pass, when: {attempt: 2}}, {inject: close}]",
        "steps: [{inject: {error: {code: Odd, status: 418}}}]",
        "steps: [{inject: {throttle: {code: SlowDown, retry_after: {date: 3s}}}}]",
        // Each of these lets something through to the step below.
        "steps: [{inject: throttle, times: 1}, {inject: close}]",
        "steps: [{inject: throttle, probability: 0.5}, {inject: close}]",
        "steps: [{inject: throttle, when: {until: 5s}}, {inject: close}]",
        "steps: [{inject: {rate_limit: {bucket: 5, refill: 2/s}}}, {inject: close}]",
        "steps: [{inject: throttle, when: {operation: Get*}}, {inject: close}]",
        // A connection is reset before any step about requests is asked.
        "steps: [{inject: throttle}, {inject: {reset: {at: connect}}, times: 1}]",
        "steps: [{inject: {reply: {body: x}}, when: {operation: NotOurs}}]\nworkload: [{call: NotOurs}]",
        "workload: [{call: GetItem, params: {Price: $5, Name: $HOME}}]",
        "workload: [{flow: [{call: PutItem, as: t, params: {a: $5.id5}}, {poll: GetItem, ids: [$t.id, literal]}]}]",
        "workload: [{call: DescribeInstances, service: ec2}]\nsteps: [{inject: close, when: {operation: Describe*}}]",
        "expect: {profile: {base: std-2026, attempts_max: 5, backoff: {base: 1s, cap: 20s, jitter: full}, breaker: {threshold: 5, open: 60s, probes: 1}, honours: [retry_after]}}",
        "clients: 2\naccounts: {111111111111: [0], 222222222222: [1]}",
    ] {
        let found = mistakes(body);
        assert!(found.is_empty(), "{body}: {found:#?}");
    }
}

#[test]
fn advice_names_the_way_out() {
    let help = |body: &str| only(body).help.join(" · ");
    assert!(
        help("steps: [{inject: {throttle: {times: 2}}}]")
            .contains("`times` belongs further out, not inside `throttle`")
    );
    assert!(help("workload: [{call: GetItem, rate: 4 per second}]").contains("did you mean `4/s`?"));
    assert!(help("workload: [{call: GetItem, rate: 4}]").contains("did you mean `4/s`?"));
    assert!(help("steps: [{inject: close, when: {call: 1-3}}]").contains("did you mean `1..3`?"));
    assert!(help("steps: [{inject: {http: '503'}}]").contains("without quotes: 503"));
    assert!(help("why: 5").contains("in quotes: \"5\""));
    assert!(
        help("steps: [{inject: {rate_limit: {bucket: 5}}}]")
            .contains("`refill`: tokens that come back per unit of time")
    );
    assert!(help("workload: [{call: GetItme}]").contains("did you mean `GetItem`?"));
    assert!(help("steps: [{inject: error}]").contains("`error: {code: …}`"));
}

#[test]
fn one_bad_step_does_not_hide_another() {
    let found = mistakes(
        "steps:\n  - {inject: nonsense}\n  - {inject: close, per: call}\nworkload:\n  - {cal: x}\n  - {call: GetItme}\n",
    );
    assert_eq!(found.len(), 4, "{found:#?}");
}

#[test]
fn a_mistyped_key_does_not_hide_an_unknown_operation() {
    let found = mistakes("workload: [{call: GetItme, rate: 4}]");
    assert_eq!(found.len(), 2, "{found:#?}");
}

#[test]
fn a_mistake_in_an_alias_is_reported_once() {
    assert_eq!(
        mistakes("steps: [{id: a, when: &w {unitl: 5s}, inject: close}, {id: b, when: *w, inject: close, times: 1}]")
            .len(),
        1
    );
}

#[test]
fn too_many_mistakes_are_counted() {
    let body = (0..700).map(|i| format!("key-{i}: 1\n")).collect::<Vec<_>>().concat();
    let found = Scenario::parse("x.yaml", &format!("{HEAD}{body}")).unwrap_err();
    assert_eq!((found.list.len(), found.count()), (500, 700));
    assert!(found.render(false).ends_with("and 650 more\n\n700 mistakes in x.yaml\n"));
}

#[test]
fn too_many_steps_are_refused() {
    let body = format!("steps: [{}]", vec!["{}"; 10_001].join(","));
    assert!(mistakes(&body).contains(&"5:1 10001 steps are too many; a scenario has at most 10000".to_owned()));
}

#[test]
fn what_is_no_map_is_no_scenario() {
    for text in ["[]", "5", "hello", "~"] {
        assert!(Scenario::parse("x", text).is_err(), "{text}");
    }
    assert!(Scenario::parse("x", "{}").unwrap_err().to_string().contains("the scenario lacks `brownout`"));
    assert!(Scenario::parse("x", "brownout: 2").unwrap_err().to_string().contains("reads version 1"));
    assert!(Scenario::parse("x", &format!("\u{feff}{HEAD}")).is_ok());
}
