//! The reference pages, made from the things that they describe; the list of them.
//!
//! `docs/*.md` holds what these functions say, and a test keeps it so; `brownout explain` prints parts of
//! it. A page is a pure function of what is compiled in: nothing here reads a file or a clock.

use std::fmt::Write as _;

mod coverage;
mod errors;
mod faults;
mod journal;
mod profiles;
mod report;
mod rules;
mod scenario;
mod schema;

pub use coverage::{Coverage, Entry, Lines, Seed, coverage};
pub use errors::error;
pub(crate) use errors::{attempts, class};
pub use faults::fault;
pub use profiles::profile;
pub use rules::rule;

/// A generated page.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Where it lies, below `docs/`.
    pub file: &'static str,
    /// Its text.
    pub text: fn() -> String,
}

/// The pages, in alphabetical order.
pub const PAGES: &[Page] = &[
    Page { file: "coverage.md", text: coverage::page },
    Page { file: "errors.md", text: errors::page },
    Page { file: "faults.md", text: faults::page },
    Page { file: "journal.md", text: journal::page },
    Page { file: "profiles.md", text: profiles::page },
    Page { file: "report.md", text: report::page },
    Page { file: "rules.md", text: rules::page },
    Page { file: "scenario.md", text: scenario::page },
];

/// What stands at the top of a page.
fn head(title: &str, from: &str) -> String {
    format!("# {title}\n\n<!-- Made from {from}. `UPDATE=1 cargo test -p brownout-tests docs` writes it anew. -->\n")
}

/// The `//!` block of a source file, in Markdown.
pub fn block(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let text = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n");
    spaced(text.trim())
}

/// With an empty line around each heading, as Markdown wants it.
fn spaced(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let heading = line.starts_with('#');
        if heading && !out.is_empty() && !out.ends_with("\n\n") {
            out.push('\n');
        }
        out.push_str(line);
        out.push_str(if heading { "\n\n" } else { "\n" });
    }
    while out.contains("\n\n\n") {
        out = out.replace("\n\n\n", "\n\n");
    }
    out
}

/// The same a level further down: each heading gets one more `#`.
fn deeper(markdown: &str) -> String {
    let mut out = String::new();
    for line in markdown.lines() {
        if line.starts_with('#') {
            out.push('#');
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// A table. Bars within cells are escaped, line ends become spaces.
fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let cell = |text: &str| text.replace('\n', " ").replace('|', "\\|");
    let mut out = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(N));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out
}

/// As code.
fn code(text: &str) -> String {
    format!("`{text}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_becomes_markdown() {
        let source = "//! A title.\n//!\n//! ## Why\n//! Because.\n//! ## Source\n//! S1\n\nuse x;\n";
        assert_eq!(block(source), "A title.\n\n## Why\n\nBecause.\n\n## Source\n\nS1\n");
        assert_eq!(deeper("# A\nb\n"), "## A\nb\n");
        assert_eq!(table(["a", "b"], [["1|2".into(), "3\n4".into()]]), "| a | b |\n|---|---|\n| 1\\|2 | 3 4 |\n");
    }
}
