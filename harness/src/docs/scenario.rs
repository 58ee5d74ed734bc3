//! `docs/scenario.md`: every key of a scenario, made from its JSON Schema.

use std::fmt::Write as _;

use super::head;
use super::schema::Types;
use crate::scenario::schema;

const INTRODUCTION: &str = r#"
A scenario is one YAML file: what clients are asked to do, what goes wrong meanwhile, and what is expected of them.
`brownout lint FILE` checks one, `brownout schema` prints the JSON Schema that editors complete from. The faults that
a step injects have a page of their own: [faults.md](faults.md).

```yaml
brownout: 1
name: storm-over-a-small-service
title: A storm of errors, then a service that has room for four
service: dynamodb
clients: 20
workload:
  - call: GetItem
    params: {TableName: orders, Key: {id: {S: "1"}}}
    count: 10
    rate: 1/s
capacity: {workers: 4, service_time: 20ms, queue: 40}
steps:
  - when: {operation: GetItem, after: 2s, until: 4s}
    probability: 0.5
    inject: {http: 503}
expect:
  profile: documented
```

Of the steps the first that fits a request acts, and the rest is not looked at; a fault that admits a request, as a
bucket with room does, lets the next step see it. Durations carry their unit (`250ms`, `1s`, `5m`, `1h`, `1d`), rates
are so many per unit (`4/s`, `30/m`).
"#;

/// The types that have a section: name, heading, what to say first.
const SECTIONS: &[(&str, &str, &str)] = &[
    (
        "CallItem",
        "workload-calls",
        "Without `rate` and `every` the loop is closed: the next call begins when one ends.",
    ),
    (
        "FlowItem",
        "workload-flows",
        "For clients at the level of an application: each step may use what an earlier one made.",
    ),
    ("FlowCall", "flow-call", ""),
    ("FlowPoll", "flow-poll", ""),
    ("Step", "steps", ""),
    ("When", "when", ""),
    (
        "Capacity",
        "capacity",
        "A service of finite capacity makes retries cost something: what is sent again takes a worker from what is \
         sent for the first time.",
    ),
    (
        "Upstream",
        "upstream",
        "Any endpoint over plain HTTP may answer in place of brownout's own services: moto, LocalStack, a service of \
         yours. Faults act before and after it; a request with a fault of `effect: none` never reaches it. If it cannot \
         be asked, the client gets a 502, and the run ends with exit 2. `upstream: http://127.0.0.1:5000`, or a map:",
    ),
    ("Expect", "expect", ""),
    ("CustomProfile", "expect-profile", "`profile: aws-sdk-2026`, or a base with changes:"),
];

pub(super) fn page() -> String {
    let mut out = head("Scenarios", "the types in `harness/src/scenario/` and their JSON Schemas");
    out.push_str(INTRODUCTION);
    let headings: Vec<(&str, &str)> =
        SECTIONS.iter().map(|(ty, heading, _)| (*ty, *heading)).chain([("Fault", "faults.md")]).collect();
    let types = Types::with(schema(), &headings);
    let _ = write!(out, "\n## Keys\n\n{}", types.members(schema()));
    for (name, heading, first) in SECTIONS {
        let Some(section) = types.named(name) else { continue };
        let map = types.map_of(section);
        let said = map.get("description").and_then(serde_json::Value::as_str).unwrap_or_default();
        let _ = write!(out, "\n## {heading}\n\n{}\n", said.trim());
        if !first.is_empty() {
            let _ = write!(out, "\n{first}\n");
        }
        let _ = write!(out, "\n{}", types.members(map));
    }
    out
}
