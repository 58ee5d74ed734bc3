//! No text, however malformed, panics or hangs the parser.

use super::*;

/// A generator that needs no crate: quality does not matter here, being the same each time does.
struct Lcg(u64);

impl Lcg {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n.max(1)
    }
}

const BITS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "'",
    "\"",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "!x ",
    "|\n",
    ">-\n",
    "#",
    "?",
    ",",
    "\t",
    "\r",
    "é",
    "\u{2028}",
    "\u{1f600}",
    "0",
    "-1",
    "1e9",
    "5s",
    "2/s",
    "~",
    "null",
    "---\n",
    "...\n",
    "%",
    "inject",
    "when",
    "throttle",
    "$vm.id",
    "flow",
    "99999999999999999999",
    "\u{0}",
    "\\",
    "\"\\x",
    "\u{feff}",
];

fn must_not_panic(text: &str, colour: bool) {
    if let Err(found) = Scenario::parse("x", text) {
        assert!(found.count() > 0);
        assert!(found.render(colour).trim_end().ends_with("in x"));
    }
}

#[test]
fn no_edit_of_a_good_file_panics() {
    let mut dice = Lcg(1);
    for round in 0..4000 {
        let shipped = library::all()[round % library::all().len()];
        let mut chars: Vec<char> = shipped.text.chars().collect();
        for _ in 0..=dice.below(4) {
            let at = dice.below(chars.len());
            match dice.below(4) {
                0 => drop(chars.splice(at..at, BITS[dice.below(BITS.len())].chars())),
                1 => drop(chars.drain(at..(at + dice.below(12)).min(chars.len()))),
                2 => {
                    let piece: Vec<char> = chars[at..(at + dice.below(60)).min(chars.len())].to_vec();
                    let to = dice.below(chars.len());
                    drop(chars.splice(to..to, piece));
                }
                _ => chars.truncate(at.max(1)),
            }
        }
        must_not_panic(&chars.into_iter().collect::<String>(), round % 2 == 0);
    }
}

#[test]
fn no_soup_of_yaml_panics() {
    let mut dice = Lcg(2);
    for round in 0..4000 {
        let soup: String = (0..dice.below(40)).map(|_| BITS[dice.below(BITS.len())]).collect();
        must_not_panic(&soup, round % 2 == 0);
    }
}

#[test]
fn ten_thousand_steps_are_checked_in_bounded_work() {
    let step = |i| format!("- {{inject: close, when: {{call: {i}}}}}\n");
    let steps = (1..10_000).map(step).collect::<Vec<_>>().concat();
    assert_eq!(good(&format!("steps:\n{steps}")).document.steps.len(), 9_999);
}
