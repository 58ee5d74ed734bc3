//! What is said of lines that are wrong.

use tokio::io::AsyncWriteExt as _;

use super::*;

fn wrong(line: &str, greeted: bool) -> String {
    read(line, greeted).expect_err(line)
}

#[test]
fn lines_are_read() {
    let hello = r#"{"hello":1,"client":"boto3","version":"1.44.5","language":"python 3.11","retry_mode":"standard",
        "max_attempts":3,"concurrency":64,"honours":["retry_after"],"settings":{"botocore":"1.44.5"}}"#;
    let Ok(Said::Hello(hello)) = read(hello, false) else { panic!("no hello") };
    assert_eq!((hello.concurrency, hello.honours.len()), (64, 1));
    assert_eq!(hello.note(), "python 3.11, retry mode standard, attempts 3, botocore 1.44.5");
    let Ok(Said::Hello(least)) = read(r#"{"hello":1,"client":"x"}"#, false) else { panic!("no hello") };
    assert_eq!(least.concurrency, 1, "one call at a time unless it says more");

    let told = r#"{"call":3,"outcome":"error","code":"SlowDown","message":"m","status":503,"retryable":true}"#;
    let Ok(Said::Told(told)) = read(told, true) else { panic!("no outcome") };
    assert_eq!((told.call, told.outcome(), told.code.as_deref()), (3, Outcome::Error, Some("SlowDown")));
    let Ok(Said::Told(unsent)) = read(r#"{"call":4,"outcome":"unsent","code":"Open"}"#, true) else { panic!() };
    assert_eq!((unsent.outcome, unsent.outcome()), (How::Unsent, Outcome::Error));
    let cannot = Said::Cannot(Cannot { cannot: "no SDK".into(), call: None });
    assert_eq!(read(r#"{"cannot":"no SDK"}"#, false), Ok(cannot.clone()));
    assert_eq!(read(r#"{"cannot":"no SDK"}"#, true), Ok(cannot));
}

#[test]
fn what_is_wrong_is_said_with_what_was_meant() {
    for (line, greeted, says) in [
        ("DeprecationWarning: old", false, "is no JSON: `DeprecationWarning: old`; standard output belongs to"),
        ("DeprecationWarning: old", false, r#"wanted was {"hello":1,"client":"my-client","version":"1.0"}"#),
        ("done", true, r#"wanted was {"call":1,"outcome":"ok"}"#),
        ("", true, "is empty"),
        ("[1]", true, "is no JSON object: `[1]`"),
        (r#"{"call":1}"#, true, "missing field `outcome`"),
        (r#"{"call":1,"outcom":"ok"}"#, true, "unknown field `outcom`, expected one of `call`, `outcome`"),
        (r#"{"call":1,"outcome":"fine"}"#, true, "unknown variant `fine`, expected one of `ok`, `error`, `unsent`"),
        (r#"{"call":-1,"outcome":"ok"}"#, true, "invalid value"),
        (r#"{"hello":1,"client":"x"}"#, true, "is a second hello"),
        (r#"{"call":1,"outcome":"ok"}"#, false, "tells of a call before the driver has said hello"),
        (r#"{"hello":2,"client":"x"}"#, false, "speaks version 2 of the driver protocol"),
        (r#"{"hello":1}"#, false, "missing field `client`"),
        (r#"{"hello":1,"client":"x","concurrency":0}"#, false, "`concurrency` is a number from 1 to 10000"),
        (r#"{"hello":1,"client":"x","honours":["luck"]}"#, false, "honours `luck`, which is no hint"),
        ("{\"call\":1,\u{1b}[2J", true, "is no JSON: `{\"call\":1, [2J`"),
    ] {
        let said = wrong(line, greeted);
        assert!(said.contains(says), "{said}\nlacks\n{says}");
    }
    let long = wrong(&"x".repeat(10_000), true);
    assert!(long.len() < 500 && long.contains('…'), "{long}");
}

/// All lines of an output, with what ended them.
async fn all(bytes: &[u8]) -> (Vec<String>, Result<(), String>) {
    let (mut writer, reader) = tokio::io::duplex(1 << 20);
    writer.write_all(bytes).await.unwrap();
    drop(writer);
    let mut lines = Lines::new(reader);
    let mut read = Vec::new();
    loop {
        match lines.next().await {
            Ok(Some(line)) => read.push(line),
            Ok(None) => return (read, Ok(())),
            Err(why) => return (read, Err(why)),
        }
    }
}

#[tokio::test]
async fn lines_have_an_end_and_a_length() {
    let (lines, end) = all(b"one\n\ntwo\xff\n").await;
    assert_eq!((lines, end), (vec!["one".to_owned(), String::new(), "two\u{fffd}".to_owned()], Ok(())));
    let (lines, end) = all(b"one\n{\"call\":").await;
    assert_eq!(lines, ["one"]);
    assert_eq!(end.unwrap_err(), "breaks off: `{\"call\":`; end each line, and flush it");
    let (lines, end) =
        all(&[vec![b'x'; LINE_MAX], b"\n".to_vec(), vec![b'y'; LINE_MAX + 1], b"\n".to_vec()].concat()).await;
    assert_eq!(lines.len(), 1);
    assert!(end.unwrap_err().starts_with("is longer than 65536 bytes: `yyy"));
}

#[test]
fn the_schema_is_that_of_the_lines() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/driver.schema.json");
    let wanted = format!("{}\n", serde_json::to_string_pretty(schema()).unwrap());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == wanted, "docs/driver.schema.json is stale; run this test with UPDATE=1");
}
