//! How the AWS CLI writes operations, and how it tells what became of a call.

use serde_json::Value;

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It succeeded.
    Success,
    /// It failed with this code.
    Error(String),
    /// Something was left out on the command line: perhaps a file for the operation's answer. A sentence.
    WantsAFile(String),
    /// It could not be made: a sentence.
    Cannot(String),
}

/// An operation as the CLI writes it: `ListObjectsV2` is `list-objects-v2`. The rule is botocore's (`xform_name`): a
/// word begins with each capital that a small letter follows, and with each capital behind a small letter or a digit;
/// a plural of capitals at the end is one word.
pub(super) fn kebab(operation: &str) -> String {
    let letters: Vec<char> = operation.chars().collect();
    let capital = |at: usize| letters.get(at).is_some_and(char::is_ascii_uppercase);
    let plural =
        letters.last() == Some(&'s') && letters.len() > 2 && capital(letters.len() - 2) && capital(letters.len() - 3);
    let mut tail = letters.len();
    if plural {
        tail -= 1;
        while tail > 0 && capital(tail - 1) {
            tail -= 1;
        }
    }
    let mut out = String::with_capacity(operation.len() + 8);
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|b| letters.get(b));
        let small_after = at < tail && at + 1 < tail && letters[at + 1].is_ascii_lowercase();
        let after_small = before.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let begins = at == tail || (at < tail && capital(at) && (small_after || after_small));
        if begins && at > 0 {
            out.push('-');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// The members of an input as options of the command line.
pub(super) fn options(params: &Value) -> Vec<String> {
    let mut words = Vec::new();
    for (name, value) in params.as_object().into_iter().flatten() {
        let option = kebab(name);
        match value {
            Value::Bool(true) => words.push(format!("--{option}")),
            Value::Bool(false) => words.push(format!("--no-{option}")),
            Value::String(text) => words.push(format!("--{option}={text}")),
            other => words.push(format!("--{option}={other}")),
        }
    }
    words
}

/// Errors of the connection, by what the CLI says of them, with the names that botocore has for them.
const OF_THE_CONNECTION: &[(&str, &str)] = &[
    ("Could not connect to the endpoint URL", "EndpointConnectionError"),
    ("Connect timeout on endpoint URL", "ConnectTimeoutError"),
    ("Read timeout on endpoint URL", "ReadTimeoutError"),
    ("Connection was closed before we received a valid response", "ConnectionClosedError"),
    ("An error occurred while reading from response stream", "ResponseStreamingError"),
    ("SSL validation failed", "SSLError"),
    ("Unable to parse response", "ResponseParserError"),
    ("Unable to locate credentials", "NoCredentialsError"),
    ("did not match calculated checksum", "FlexibleChecksumError"),
];

/// How a call ended, by the CLI's exit status and what it said on standard error.
pub(super) fn answer(status: Option<i32>, said: &str) -> Answer {
    const USAGE: [i32; 2] = [2, 252];
    if status == Some(0) {
        return Answer::Success;
    }
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing").trim();
    if let Some(code) = said
        .split_once("An error occurred (")
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(code, _)| code)
        .filter(|code| !code.is_empty() && !code.contains(char::is_whitespace))
    {
        return Answer::Error(code.to_owned());
    }
    if let Some((_, code)) = OF_THE_CONNECTION.iter().find(|(text, _)| said.contains(text)) {
        return Answer::Error((*code).to_owned());
    }
    if said.contains("arguments are required: ") || said.contains("too few arguments") {
        return Answer::WantsAFile(last.to_owned());
    }
    let usage = status.is_some_and(|s| USAGE.contains(&s))
        || ["Parameter validation failed", "Unknown options", "Invalid choice", "Error parsing parameter"]
            .iter()
            .any(|text| said.contains(text));
    if usage {
        return Answer::Cannot(last.to_owned());
    }
    Answer::Error(status.map_or_else(|| "killed".to_owned(), |status| format!("exit-{status}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_written_as_botocore_writes_them() {
        // From `botocore.xform_name(name, "-")`.
        for (operation, written) in [
            ("ListTables", "list-tables"),
            ("ListObjectsV2", "list-objects-v2"),
            ("DescribeDBInstances", "describe-db-instances"),
            ("GetBucketCORS", "get-bucket-cors"),
            ("DescribeEC2Instances", "describe-ec2-instances"),
            ("AssumeRoleWithSAML", "assume-role-with-saml"),
            ("ListHITs", "list-hits"),
            ("CreateHITTypes", "create-hit-types"),
            ("EnableMFADevice", "enable-mfa-device"),
            ("ListWebACLs", "list-web-acls"),
            ("Invoke", "invoke"),
        ] {
            assert_eq!(kebab(operation), written);
        }
    }

    #[test]
    fn members_become_options() {
        let params = serde_json::json!({"Bucket": "b", "Range": "bytes=0-1", "ChecksumMode": true, "PartNumber": 2});
        assert_eq!(options(&params), ["--bucket=b", "--checksum-mode", "--part-number=2", "--range=bytes=0-1"]);
        assert!(options(&Value::Null).is_empty());
    }

    #[test]
    fn what_the_cli_says_is_understood() {
        let throttled = "\nAn error occurred (ThrottlingException) when calling the ListTables operation (reached max \
                         retries: 2): Rate exceeded\n";
        assert_eq!(answer(Some(255), throttled), Answer::Error("ThrottlingException".into()));
        assert_eq!(answer(Some(254), throttled), Answer::Error("ThrottlingException".into()));
        let refused = "\nCould not connect to the endpoint URL: \"http://127.0.0.1:9/\"\n";
        assert_eq!(answer(Some(255), refused), Answer::Error("EndpointConnectionError".into()));
        assert_eq!(answer(Some(0), "a warning"), Answer::Success);
        let usage = "usage: aws [options]\n\naws: error: argument operation: Invalid choice, valid choices are:\n";
        assert!(matches!(answer(Some(2), usage), Answer::Cannot(_)));
        assert_eq!(
            answer(Some(252), "the following arguments are required: outfile\n"),
            Answer::WantsAFile("the following arguments are required: outfile".into())
        );
        assert_eq!(answer(None, ""), Answer::Error("killed".into()));
        assert_eq!(answer(Some(255), "An error occurred (not a code): x"), Answer::Error("exit-255".into()));
    }
}
