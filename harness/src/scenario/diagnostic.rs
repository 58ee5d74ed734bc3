//! Mistakes in a scenario file: what is wrong, where, and how to put it right.
//!
//! All mistakes of a file are shown together, in the order of the file, each with its excerpt.

use std::fmt::{self, Write as _};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::suggest::did_you_mean;
use super::text::{ByteSpan, Lines};

/// So many mistakes are kept; more are only counted.
const KEPT: usize = 500;

/// So many mistakes are shown with their excerpts.
const SHOWN: usize = 50;

/// One mistake in a scenario file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Its bytes, all on one line.
    pub span: ByteSpan,
    /// What is wrong.
    pub message: String,
    /// What stands under the caret.
    pub label: Option<String>,
    /// How to put it right.
    pub help: Vec<String>,
    /// Other places that belong to it, each with its label.
    pub secondary: Vec<(ByteSpan, String)>,
}

impl Diagnostic {
    /// Sets what stands under the caret.
    pub(super) fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = Some(label.into());
        self
    }

    /// Adds a way to put it right.
    pub(super) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help.push(help.into());
        self
    }

    /// Adds "did you mean", if there is such a name.
    pub(super) fn meant(&mut self, name: Option<&str>) -> &mut Self {
        if let Some(name) = name {
            self.help.push(format!("did you mean `{name}`?"));
        }
        self
    }
}

/// Collects the mistakes of one text.
#[derive(Debug)]
pub(super) struct Findings<'t> {
    pub(super) text: &'t str,
    pub(super) lines: &'t Lines,
    list: Vec<Diagnostic>,
    more: usize,
    spare: Diagnostic,
}

impl<'t> Findings<'t> {
    pub(super) fn new(text: &'t str, lines: &'t Lines) -> Self {
        Self { text, lines, list: Vec::new(), more: 0, spare: blank() }
    }

    /// Adds a mistake; label and help follow by its methods.
    pub(super) fn add(&mut self, span: &ByteSpan, message: impl Into<String>) -> &mut Diagnostic {
        if self.is_full() {
            self.more += 1;
            self.spare = blank();
            return &mut self.spare;
        }
        let span = self.lines.first_line(self.text, span);
        let (line, column) = self.lines.place(self.text, span.start);
        self.list.push(Diagnostic { line, column, span, message: message.into(), ..blank() });
        let last = self.list.len() - 1;
        &mut self.list[last]
    }

    /// Adds a second place to the mistake that was added last.
    pub(super) fn second_place(&mut self, span: &ByteSpan, label: impl Into<String>) {
        let span = self.lines.first_line(self.text, span);
        if let Some(last) = self.list.last_mut().filter(|_| self.more == 0) {
            last.secondary.push((span, label.into()));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether further mistakes are only counted.
    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= KEPT
    }

    /// The known name that was probably meant; none once mistakes are only counted, since looking takes time.
    pub(super) fn meant<'n>(&self, word: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
        if self.is_full() { None } else { did_you_mean(word, known) }
    }

    /// The mistakes in the order of the file; one that was met on two ways (an alias) counts once.
    pub(super) fn finish(mut self, origin: &str) -> Diagnostics {
        self.list.sort_by(|a, b| (a.span.start, a.span.end, &a.message).cmp(&(b.span.start, b.span.end, &b.message)));
        self.list.dedup();
        Diagnostics { origin: origin.to_owned(), text: self.text.to_owned(), list: self.list, more: self.more }
    }
}

fn blank() -> Diagnostic {
    Diagnostic {
        line: 1,
        column: 1,
        span: 0..0,
        message: String::new(),
        label: None,
        help: Vec::new(),
        secondary: Vec::new(),
    }
}

/// All mistakes of one scenario file, in the order of the file. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    /// Path, or the name in the library.
    pub origin: String,
    /// The file.
    pub text: String,
    /// The mistakes.
    pub list: Vec<Diagnostic>,
    /// Further mistakes that are only counted.
    pub more: usize,
}

impl Diagnostics {
    /// How many mistakes there are.
    pub fn count(&self) -> usize {
        self.list.len() + self.more
    }

    /// With excerpts, for a terminal; the last line counts the mistakes.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let lines = Lines::of(&self.text);
        let mut out = String::new();
        for diagnostic in self.list.iter().take(SHOWN) {
            let _ = writeln!(out, "{}\n", renderer.render(&[self.group(diagnostic, &lines)]));
        }
        let hidden = self.count().saturating_sub(SHOWN);
        if hidden > 0 {
            let _ = writeln!(out, "and {hidden} more\n");
        }
        let _ = writeln!(out, "{}", self.summary());
        out
    }

    /// One line each: `path:line:column: message`.
    pub fn one_line_each(&self) -> String {
        let mut out = String::new();
        for d in &self.list {
            let _ = writeln!(out, "{}:{}:{}: {}", self.origin, d.line, d.column, d.message);
        }
        out
    }

    /// `5 mistakes in scenarios/x.yaml`.
    pub fn summary(&self) -> String {
        let count = self.count();
        format!("{count} {} in {}", if count == 1 { "mistake" } else { "mistakes" }, self.origin)
    }

    fn group<'a>(&'a self, diagnostic: &'a Diagnostic, lines: &Lines) -> Group<'a> {
        // Only the lines concerned are handed over: the renderer reads all of its source, once per mistake.
        let places = || diagnostic.secondary.iter().map(|(span, _)| span).chain([&diagnostic.span]);
        let first = places().map(|s| lines.line(s.start)).min().unwrap_or(1);
        let last = places().map(|s| lines.line(s.start)).max().unwrap_or(1);
        let (from, to) = (lines.span(&self.text, first).start, lines.span(&self.text, last).end);
        // A caret needs a character to stand under, except at the end of a line.
        let local = |span: &ByteSpan| span.start - from..span.end.max(span.start) - from;
        let snippet = Snippet::source(&self.text[from..to])
            .path(self.origin.as_str())
            .line_start(first)
            .annotation(AnnotationKind::Primary.span(local(&diagnostic.span)).label(diagnostic.label.as_deref()))
            .annotations(
                diagnostic.secondary.iter().map(|(s, l)| AnnotationKind::Context.span(local(s)).label(l.as_str())),
            );
        let group = Level::ERROR.primary_title(diagnostic.message.as_str()).element(snippet);
        group.elements(diagnostic.help.iter().map(|help| Level::HELP.message(help.as_str())))
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl std::error::Error for Diagnostics {}
