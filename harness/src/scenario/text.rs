//! Where things stand in a text: bytes to lines and columns.
//!
//! A span is a range of bytes. Lines and columns count from 1, columns in characters.

use std::ops::Range;

/// A place in a scenario file, in bytes.
pub type ByteSpan = Range<usize>;

/// Where each line of a text begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1);
        Self { starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// The line that holds this byte.
    pub(super) fn line(&self, byte: usize) -> usize {
        self.starts.partition_point(|&start| start <= byte).max(1)
    }

    /// Line and column of this byte.
    pub(super) fn place(&self, text: &str, byte: usize) -> (usize, usize) {
        let line = self.line(byte);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let column = text.get(start..byte.min(text.len())).map_or(0, |t| t.chars().count()) + 1;
        (line, column)
    }

    /// The bytes of a line, without its line break. Empty for a line that does not exist.
    pub(super) fn span(&self, text: &str, line: usize) -> ByteSpan {
        let Some(&start) = line.checked_sub(1).and_then(|l| self.starts.get(l)) else { return text.len()..text.len() };
        let end = self.starts.get(line).map_or(text.len(), |&next| next - 1);
        let end = if text[start..end].ends_with('\r') { end - 1 } else { end };
        start..end
    }

    /// The part of a span that lies on its first line.
    pub(super) fn first_line(&self, text: &str, span: &ByteSpan) -> ByteSpan {
        let end = self.span(text, self.line(span.start)).end;
        span.start..span.end.min(end).max(span.start)
    }
}

/// A text of at most forty characters, for messages.
pub(super) fn clip(text: &str) -> String {
    if text.chars().count() > 40 { text.chars().take(39).chain(['…']).collect() } else { text.to_owned() }
}

/// Translates the character indices of the YAML scanner into bytes.
pub(super) struct Chars {
    /// Byte of each character, and of the end; none if the text is ASCII and the two are the same.
    bytes: Option<Vec<usize>>,
    len: usize,
}

impl Chars {
    pub(super) fn of(text: &str) -> Self {
        let table = || text.char_indices().map(|(i, _)| i).chain(std::iter::once(text.len())).collect();
        Self { bytes: (!text.is_ascii()).then(table), len: text.len() }
    }

    pub(super) fn byte(&self, index: usize) -> usize {
        let byte = self.bytes.as_ref().map_or(Some(index), |b| b.get(index).copied());
        byte.unwrap_or(self.len).min(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "a: 1\r\né: x\n";
        let lines = Lines::of(text);
        assert_eq!(lines.place(text, 0), (1, 1));
        assert_eq!(lines.place(text, text.find('x').unwrap()), (2, 4));
        assert_eq!(&text[lines.span(text, 1)], "a: 1");
        assert_eq!(&text[lines.span(text, 3)], "");
        assert_eq!(&text[lines.span(text, 9)], "");
        assert_eq!(Chars::of(text).byte(9), text.find('x').unwrap());
    }
}
