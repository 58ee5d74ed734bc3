//! What each part of a scenario allows, and the whole does not.

use super::*;

#[test]
fn each_contradiction_is_explained() {
    let mut failures = Vec::new();
    for (body, wanted) in [
        ("title: ''", "5:1 the key `title` is given twice"),
        ("sources: [S0, rfc-911]", "5:15 there is no source `rfc-911`"),
        ("steps: [{times: 2}]", "5:9 this step does nothing"),
        ("steps: [{pass: false}]", "5:9 this step does nothing"),
        ("steps: [{inject: []}]", "5:18 the list of faults is empty"),
        ("steps: [{inject: close, pass: true}]", "5:25 a step injects or passes, not both"),
        (
            "steps: [{inject: close, per: call}]",
            "5:25 `per` says what `times` and `every` are counted by; this step has neither",
        ),
        ("steps: [{inject: close, probability: 0}]", "5:38 with probability 0 this step never injects"),
        (
            "steps: [{inject: close, when: {after: 5s, until: 5s}}]",
            "5:50 this window is empty: it ends at 5s, before it begins at 5s",
        ),
        ("steps: [{inject: close, when: {until: 0s}}]", "5:39 this window is empty: it ends at 0s"),
        ("steps: [{inject: close, when: {call: 0..3}}]", "5:38 `call` counts from 1"),
        ("steps: [{inject: close, when: {operation: GetItme}}]", "5:43 no operation of dynamodb matches `GetItme`"),
        (
            "steps: [{inject: close, when: {operation: [GetItem, Gut*]}}]",
            "5:53 no operation of dynamodb matches `Gut*`",
        ),
        ("steps: [{inject: close, when: {service: dynamo}}]", "5:41 no service matches `dynamo`"),
        (
            "steps: [{inject: close, when: {resource: $vm.id}}]",
            "5:42 bound names in `resource` are part of the language, but this version of brownout does not play them yet",
        ),
        ("steps: [{inject: [close, latency: 1s, throttle]}]", "5:39 `throttle` is a second answer in one step"),
        (
            "steps: [{inject: black_hole, effect: after}]",
            "5:18 `black_hole` never ends, so an effect after it would never happen",
        ),
        ("steps: [{inject: {reset: {at: body}}}]", "5:31 `at: body` needs `after`, the number of bytes of the body"),
        (
            "steps: [{inject: {latency: {uniform: [2s, 1s]}}}]",
            "5:38 the shortest delay 2s is longer than the longest, 1s",
        ),
        (
            "steps: [{inject: {error: {code: ValidationExeption}}}]",
            "5:33 dynamodb sends no error `ValidationExeption` that we know of",
        ),
        ("steps: [{inject: {throttle: {code: Slowdown}}}]", "5:36 dynamodb sends no error `Slowdown` that we know of"),
        (
            "steps: [{inject: [{stall: {for: 1s}}, black_hole]}]",
            "5:19 `stall` can never act here: no body is sent that it could be about",
        ),
        (
            "steps: [{inject: [{reset: {at: headers}}, {drip: {rate: 1/s}}]}]",
            "5:43 `drip` can never act here: no body is sent that it could be about",
        ),
        (
            "steps: [{when: {service: execute-api}, inject: {error: {code: DEFAULT_4XX}}}]",
            "5:63 `DEFAULT_4XX` is no error of its own",
        ),
        (
            "steps: [{inject: {reset: {at: connect}}, when: {operation: GetItem}}]",
            "5:49 `reset` acts when a connection is accepted, where `operation` is not known yet",
        ),
        (
            "steps: [{inject: [{reset: {at: connect}}, {latency: 1s}]}]",
            "5:10 `reset` acts when a connection is accepted, and stands alone in its step",
        ),
        (
            "steps:\n  - {inject: close, times: 1}\n  - {inject: close, times: 1}",
            "7:5 this step is the same as the one on line 6",
        ),
        (
            "steps:\n  - {inject: close, times: 1, id: a}\n  - {inject: throttle, id: a}",
            "7:28 the id `a` is given twice",
        ),
        ("workload: [{call: GetItme}]", "5:19 dynamodb has no operation `GetItme` that we model"),
        ("workload: [{call: GetItem, service: dynamo}]", "5:37 there is no service `dynamo`"),
        (
            "workload: [{call: GET /x, service: execute-api}, {call: GET x, service: execute-api}]",
            "5:57 `GET x` is no call to execute-api",
        ),
        ("workload: [{call: GetItem, rate: 1/s, concurrency: 2}]", "5:39 `concurrency` and `rate` exclude each other"),
        ("workload: [{call: GetItem, every: 0s}]", "5:35 the time between two calls must be longer than 0s"),
        (
            "workload: [{call: GetItem}, {flow: [{call: GetItem}]}]",
            "5:29 a flow cannot stand in one workload with a call to a signed service",
        ),
        (
            "workload: [{call: GetItem, count: 600000}, {call: GetItem, count: 400001}]",
            "5:1 this workload makes 1000001 calls; a scenario makes at most 1000000",
        ),
        ("workload: [{flow: []}]", "5:13 this flow has no steps"),
        (
            "workload: [{flow: [{poll: GetItem, ids: $vm.id}, {call: PutItem, as: vm}]}]",
            "5:41 `$vm` is bound by no earlier `as` of this flow",
        ),
        (
            "workload: [{flow: [{call: PutItem, as: vm}, {poll: GetItem, ids: [$vm.arn]}]}]",
            "5:67 of `$vm` only the id is known",
        ),
        (
            "workload: [{flow: [{call: PutItem, as: vm}, {call: GetItem, params: {a: [$vn.id]}}]}]",
            "5:74 `$vn` is bound by no earlier `as` of this flow",
        ),
        (
            "workload: [{flow: [{call: PutItem, as: 5a}]}]",
            "5:40 `5a` cannot be a name: letters, digits and underscores, a letter first",
        ),
        ("workload: [{flow: [{poll: GetItem, until: runing}]}]", "5:43 there is no state `runing`"),
        ("expect: {judge: [early_rety]}", "5:18 there is no rule `early_rety`"),
        ("expect: {judge: [early_retry, early_retry]}", "5:31 the rule `early_retry` is named twice"),
        ("expect: {profile: docmented}", "5:19 there is no profile `docmented`"),
        ("expect: {profile: {base: std}}", "5:26 there is no profile `std`"),
        (
            "expect: {profile: {base: documented, backoff: {base: 5s, cap: 1s}}}",
            "5:63 the longest pause, 1s, is shorter than the first, 5s",
        ),
        ("accounts: {123: [0]}", "5:12 `123` is no account; an account has twelve digits"),
        ("accounts: {111111111111: [1]}", "5:27 there is no client 1; the only one is 0"),
        ("clients: 2\naccounts: {111111111111: [0], 222222222222: [1, 0]}", "6:49 client 0 belongs to two accounts"),
    ] {
        let found = mistakes(body);
        if found != [wanted] {
            failures.push(format!("{body}: wanted {wanted}, found {found:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
