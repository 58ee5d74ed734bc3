//! Tests of the YAML reader.

use serde_json::json;

use super::*;
use crate::scenario::text::Lines;

fn both(text: &str) -> (Option<Node>, Vec<(usize, usize, String)>) {
    let lines = Lines::of(text);
    let mut findings = Findings::new(text, &lines);
    let node = read(&mut findings);
    let list = findings.finish("x").list.into_iter().map(|d| (d.line, d.column, d.message)).collect();
    (node, list)
}

fn value(text: &str) -> Value {
    let (node, mistakes) = both(text);
    assert_eq!(mistakes, [], "{text}");
    node.unwrap().json()
}

fn first(text: &str) -> (usize, usize, String) {
    both(text).1.into_iter().next().unwrap_or_else(|| panic!("{text} was read without a mistake"))
}

#[test]
fn scalars_follow_the_core_schema() {
    for (text, wanted) in [
        ("yes", json!("yes")),
        ("012", json!("012")),
        ("-012", json!("-012")),
        ("1_000", json!("1_000")),
        ("2..5", json!("2..5")),
        ("2..", json!("2..")),
        ("1e", json!("1e")),
        (".", json!(".")),
        ("-", json!([null])),
        ("--1", json!("--1")),
        ("5s", json!("5s")),
        ("4/s", json!("4/s")),
        (".inf", json!(".inf")),
        (".nan", json!(".nan")),
        ("0x", json!("0x")),
        ("0x1F", json!(31)),
        ("0o17", json!(15)),
        ("0o9", json!("0o9")),
        ("0", json!(0)),
        ("-3", json!(-3)),
        ("+3", json!(3)),
        ("0.5", json!(0.5)),
        (".5", json!(0.5)),
        ("1e3", json!(1000.0)),
        ("18446744073709551615", json!(u64::MAX)),
        ("1e999", json!("1e999")),
        ("~", json!(null)),
        ("True", json!(true)),
        ("'1'", json!("1")),
        ("\"true\"", json!("true")),
        ("!!str 5", json!("5")),
        ("!!int 5", json!(5)),
        ("2026-01-01T00:00:00Z", json!("2026-01-01T00:00:00Z")),
    ] {
        if text == "-" {
            assert_eq!(value(text), wanted);
        } else {
            assert_eq!(value(&format!("a: {text}")), json!({ "a": wanted }), "{text}");
        }
    }
    assert_eq!(value("{111111111111: 1, true: 2}"), json!({"111111111111": 1, "true": 2}));
    assert_eq!(value("a: |\n  b\n  c\nd: >-\n  e\n  f\n"), json!({"a": "b\nc\n", "d": "e f"}));
}

#[test]
fn spans_are_bytes_and_columns_are_characters() {
    let text = "é: {ü: x, b: [1, größe]}\n";
    let node = both(text).0.unwrap();
    let at = |pointer: &str| &text[node.find(pointer).unwrap().0.span.clone()];
    assert_eq!(at("/é"), "{ü: x, b: [1, größe]}");
    assert_eq!(at("/é/ü"), "x");
    assert_eq!(at("/é/b/1"), "größe");
    assert_eq!(&text[node.find("/é/ü").unwrap().1.unwrap().clone()], "ü");
    assert!(node.find("/é/c").is_none() && node.find("/é/b/2").is_none() && node.find("/é/ü/x").is_none());
    assert_eq!(first("a: größe\nb: {é: 1, é: 2}\n"), (2, 11, "the key `é` is given twice".into()));
}

#[test]
fn block_values_end_where_their_text_ends() {
    let text = "a:\n  b: 1\n  c:\n    - x\n    - y: z\n\n# comment\nd: |\n  text\n\ne: 1\n";
    let node = both(text).0.unwrap();
    let at = |pointer: &str| &text[node.find(pointer).unwrap().0.span.clone()];
    assert!(at("/a").starts_with("b: 1"));
    assert_eq!(at("/a/c/1"), "y: z");
    assert_eq!(at("/e"), "1");
}

#[test]
fn duplicate_keys_are_shown_at_both_places() {
    let text = "a: 1\nb: 2\na: 3\n";
    let lines = Lines::of(text);
    let mut findings = Findings::new(text, &lines);
    assert!(read(&mut findings).is_some());
    let list = findings.finish("x").list;
    assert_eq!((list[0].line, list[0].secondary[0].0.clone()), (3, 0..1));
}

#[test]
fn aliases_are_expanded_within_a_budget() {
    assert_eq!(value("a: &x [1, 2]\nb: *x\n"), json!({"a": [1, 2], "b": [1, 2]}));
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for i in 1..9 {
        let refs = vec![format!("*a{}", i - 1); 9].join(", ");
        bomb = [bomb, format!("a{i}: &a{i} [{refs}]\n")].concat();
    }
    assert!(first(&bomb).2.contains("more than 200000 values"), "{:?}", first(&bomb));
    assert!(first("a: &x [*x]").2.contains("inside its own anchor"));
    assert!(first("a: *nobody").2.contains("no valid YAML"));
}

#[test]
fn what_is_not_part_of_the_language_is_refused_with_a_sentence() {
    for (text, words) in [
        ("a: 1\n---\nb: 2\n", "one scenario"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "merge keys"),
        ("a: !Ref b\n", "tag `!Ref`"),
        ("a: !!binary aGk=\n", "tag `!!binary`"),
        ("a: !!int x\n", "tag `!!int`"),
        ("a: !!set {b: 1}\n", "tag `!!set`"),
        ("? [a]\n: b\n", "a key is a word"),
        ("a:\n\t- b\n", "no valid YAML"),
        ("a: [1, 2\n", "no valid YAML"),
        ("a: 'x\n", "no valid YAML"),
        ("a: \u{0}\nb: 1", "U+0000"),
        ("a: \u{7}", "U+0007"),
        ("", "empty"),
        ("# only a comment\n", "empty"),
        (&format!("{}1{}", "[".repeat(65), "]".repeat(65)), "more than 64 levels"),
        (&"a".repeat(FILE_MAX + 1), "at most 1048576"),
    ] {
        let (_, _, message) = first(text);
        assert!(message.contains(words), "{words}: {message}");
    }
    assert_eq!(both(&format!("{}1{}", "[".repeat(64), "]".repeat(64))).1, []);
}

#[test]
fn large_nonsense_is_refused_fast() {
    for unit in [
        "[",
        "{",
        "- ",
        "? ",
        "a: ",
        "&a ",
        "*a ",
        "!t ",
        "\"",
        "'",
        "|",
        "\n",
        "#",
        "[a,",
        "{a: ",
        "- - - a\n",
        "%",
        "a\n",
    ] {
        let _ = both(&unit.repeat(FILE_MAX / 4 / unit.len()));
    }
    let keys: Vec<String> = (0..60_000).map(|i| format!("k{i}: 1\n")).collect();
    assert_eq!(both(&keys.concat()).1, []);
}
