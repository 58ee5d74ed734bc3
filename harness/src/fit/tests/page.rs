//! `docs/fit.md`: what is measured. `UPDATE=1 .ci/long fit` writes it anew.

use super::coverage::{Measured, measure, seeds};
use super::sets::sets;

const HEAD: &str = include_str!("head.md");

#[test]
fn the_page_says_how_it_was_measured() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fit.md");
    if std::env::var_os("UPDATE").is_some() && std::env::var_os("BROWNOUT_SEEDS").is_some() {
        let count = seeds(0);
        let Measured { rows, kinds, .. } = measure(count);
        let text = format!(
            "{HEAD}\n## Measured\n\nBy `BROWNOUT_SEEDS={count} .ci/long fit`, policies drawn from seeds 0 to {}.\n\n\
             ### Intervals\n\n| pauses | jitter | number | policies | held the truth | median width ÷ truth | bounds |\n\
             |---|---|---|---|---|---|---|\n{}\n\n\
             ### Kind of jitter\n\n| pauses | jitter | policies | right | not ruled out |\n|---|---|---|---|---|\n{}\n\n\
             ### Sets of profiles\n\nThe true profile was in every set, over {} runs a cell. Mean number of profiles in it, \
             after so many calls that failed to the end:\n\n| true profile | service | 2 | 10 | 50 | 250 |\n|---|---|---|---|---|---|\n{}\n",
            count - 1,
            rows.join("\n"),
            kinds.join("\n"),
            count.min(200),
            sets(count.min(200)).join("\n"),
        );
        std::fs::write(&path, text).unwrap();
    }
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page.starts_with(HEAD), "the head of docs/fit.md is stale; `UPDATE=1 .ci/long fit` writes it anew");
    let rows = page.lines().filter(|l| l.starts_with("| 100 | ")).count();
    assert_eq!(rows, 14 + 5, "a row for each number and kind");
}
