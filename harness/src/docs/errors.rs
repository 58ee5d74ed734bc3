//! The errors that the services send: the page with all of them, and one of them in full.

use std::fmt::Write as _;

use brownout_mocks::protocol::{Protocol, Reply};
use brownout_mocks::service::{ErrorRow, SERVICES, Service, wire_error};

/// The request id of the samples.
const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000000";

pub(super) fn page() -> String {
    let mut out = super::head("Errors", "`mocks/src/service/`");
    out.push_str(
        "\nWhat `error: {code: …}` sends, by service. Attempts are those that boto3 standard, boto3 legacy and the SDK for\n\
         JavaScript were measured to make by default (docs/interop.md); a dash was not measured. `brownout explain CODE`\n\
         shows an error's bytes in each protocol.\n",
    );
    for service in SERVICES {
        let protocols: Vec<&str> = service.protocols().iter().map(|p| p.name()).collect();
        let _ = write!(out, "\n## {}: {}\n\nIn {}.\n\n", service.id(), service.title(), protocols.join(", "));
        out.push_str("| code | status | class | attempts | source |\n|---|---|---|---|---|\n");
        for row in service.errors() {
            let (class, attempts) = (class(row), attempts(row).unwrap_or_else(|| "–".to_owned()));
            let _ = writeln!(out, "| `{}` | {} | {class} | {attempts} | {} |", row.code, row.status, row.source);
        }
        for (name, what) in service.no_errors() {
            let _ = write!(out, "\n`{name}` is no error of its own: {what}.\n");
        }
    }
    out
}

/// A source with its title: `KEY`, or `KEY: a remark`.
fn cited(source: &str) -> String {
    let key = source.split(':').next().unwrap_or_default();
    let title = crate::scenario::sources().iter().find(|s| s.key == key).map_or("", |s| s.title);
    format!("{source} ({title})")
}

/// An error code in every service that sends it, with a sample of its bytes; `None` if none does.
pub fn error(name: &str) -> Option<String> {
    let mut out = String::new();
    for service in SERVICES.iter().copied() {
        if let Some(row) = brownout_mocks::service::row(service, name) {
            if !out.is_empty() {
                out.push('\n');
            }
            one(&mut out, service, row);
        }
        if let Some((name, what)) = service.no_errors().iter().find(|(n, _)| *n == name) {
            let _ = write!(out, "# {name} of {}\n\nno error of its own: {what}\n", service.id());
        }
    }
    (!out.is_empty()).then_some(out)
}

fn one(out: &mut String, service: &dyn Service, row: &ErrorRow) {
    let _ = write!(out, "# {} of {}\n\nstatus {}, {}\n", row.code, service.id(), row.status, class(row));
    let _ = write!(out, "{}\nsource: {}\n", row.message, cited(row.source));
    if let Some(attempts) = attempts(row) {
        let _ = writeln!(out, "attempts measured, boto3 standard / boto3 legacy / JavaScript: {attempts}");
    }
    for protocol in service.protocols() {
        let reply = protocol.error(service, &wire_error(service, row.code), REQUEST_ID, false);
        let _ = write!(out, "\nin {}:\n\n{}", protocol.name(), sample(*protocol, &reply));
    }
}

/// An answer as it stands on the wire, but for the headers that every answer has.
fn sample(protocol: Protocol, reply: &Reply) -> String {
    let reason = http::StatusCode::from_u16(reply.status).ok().and_then(|s| s.canonical_reason());
    let mut out = format!("    HTTP/1.1 {} {}\n", reply.status, reason.unwrap_or_default());
    for (name, value) in &reply.headers {
        let _ = writeln!(out, "    {name}: {value}");
    }
    let body = if protocol == Protocol::RpcV2Cbor {
        reply.body.escape_ascii().to_string()
    } else {
        String::from_utf8_lossy(&reply.body).into_owned()
    };
    out.push('\n');
    for line in body.lines() {
        let _ = writeln!(out, "    {line}");
    }
    out
}

/// What a client may do about it, in words.
pub(crate) fn class(row: &ErrorRow) -> String {
    if !row.is_api_error() {
        return "no error of the API".to_owned();
    }
    let class = serde_json::to_value(row.class).unwrap_or_default();
    class.as_str().unwrap_or_default().replace('_', " ")
}

/// The measured attempts, if there are any; what was not measured is a dash.
pub(crate) fn attempts(row: &ErrorRow) -> Option<String> {
    let told = row.attempts.map(|n| if n > 0 { n.to_string() } else { "–".to_owned() });
    row.attempts.iter().any(|n| *n > 0).then(|| told.join(" / "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_explained_in_every_service_and_protocol() {
        let told = error("ProvisionedThroughputExceededException").unwrap();
        for part in [
            "# ProvisionedThroughputExceededException of dynamodb\n\nstatus 400, throttling\n",
            "boto3 standard / boto3 legacy / JavaScript: 4 / 10 / 4\n\nin awsJson1_0:\n\n    HTTP/1.1 400 Bad Request\n",
            "    {\"__type\":\"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException\",",
            "# ProvisionedThroughputExceededException of kinesis",
        ] {
            assert!(told.contains(part), "{told}");
        }
        let told = error("LimitExceededFault").unwrap();
        assert!(told.starts_with("# LimitExceeded of cloudwatch\n") && told.contains("\\xa2f__type"), "{told}");
        assert!(error("Runtime.ExitError").unwrap().contains("status 200, no error of the API"));
        assert_eq!(error("NoSuchCode"), None);
        let told = error("DEFAULT_4XX").unwrap();
        assert!(
            told.starts_with("# DEFAULT_4XX of execute-api\n\nno error of its own: ") && told.contains("THROTTLED")
        );
    }

    #[test]
    fn every_source_of_an_error_is_one_of_the_docs() {
        let keys: Vec<&str> = crate::scenario::sources().iter().map(|s| s.key).collect();
        for row in SERVICES.iter().flat_map(|s| s.errors()) {
            let key = row.source.split(':').next().unwrap_or_default();
            assert!(keys.contains(&key), "{} has the source `{}`, which docs/sources.md lacks", row.code, row.source);
        }
    }
}
