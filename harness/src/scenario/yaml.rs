//! YAML as our scenarios use it: one pass over the parser's events builds a tree in which every key and
//! every value remembers where it stood.
//!
//! The reading is strict. Plain scalars follow the core schema of YAML 1.2, so `yes` and `1_000` are texts;
//! a number with a leading zero (`012`) is a text as well, since YAML's versions disagree about it. Keys are
//! taken as written. Refused, each with a sentence: duplicate keys, several documents in a file, merge keys
//! (`<<`), tags beyond the core schema, and aliases that grow beyond the node budget.

use std::collections::BTreeMap;
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span as CharSpan, Tag};
use serde_json::{Map, Number, Value};

use super::diagnostic::Findings;
use super::text::{ByteSpan, Chars};
use plain::plain;

mod plain;

/// So many bytes may a scenario file have.
pub const FILE_MAX: usize = 1 << 20;

/// So many nodes may a file have once its aliases are expanded.
const NODES_MAX: usize = 200_000;

/// So deep may lists and maps be nested.
const DEPTH_MAX: usize = 64;

/// A value and where it stood.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) span: ByteSpan,
    pub(super) data: Data,
    /// Nodes in it, itself included.
    size: usize,
    /// Levels in it, its own included.
    height: usize,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

impl Data {
    /// The end of the last value in it.
    fn last_end(&self) -> Option<usize> {
        match self {
            Self::List(items) => items.last().map(|n| n.span.end),
            Self::Map(entries) => entries.last().map(|e| e.value.span.end.max(e.key_span.end)),
            _ => None,
        }
    }
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: ByteSpan,
    pub(super) value: Node,
}

impl Node {
    fn new(span: ByteSpan, data: Data) -> Self {
        let children: Vec<&Self> = match &data {
            Data::List(items) => items.iter().collect(),
            Data::Map(entries) => entries.iter().map(|e| &e.value).collect(),
            _ => Vec::new(),
        };
        let size = 1 + children.iter().map(|c| c.size).sum::<usize>();
        let height = 1 + children.iter().map(|c| c.height).max().unwrap_or(0);
        Self { span, data, size, height }
    }

    /// The entry with this key.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        let Data::Map(entries) = &self.data else { return None };
        entries.iter().find(|e| e.key == key)
    }

    /// The value as JSON.
    pub(super) fn json(&self) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Bool(b) => Value::Bool(*b),
            Data::Number(n) => Value::Number(n.clone()),
            Data::Text(t) => Value::String(t.clone()),
            Data::List(items) => Value::Array(items.iter().map(Self::json).collect()),
            Data::Map(entries) => {
                Value::Object(entries.iter().map(|e| (e.key.clone(), e.value.json())).collect::<Map<_, _>>())
            }
        }
    }

    /// The value that a JSON pointer names, and the span of its key if it has one.
    pub(super) fn find(&self, pointer: &str) -> Option<(&Self, Option<&ByteSpan>)> {
        let mut found = (self, None);
        for part in pointer.split('/').skip(1) {
            found = match &found.0.data {
                Data::List(items) => (items.get(part.parse::<usize>().ok()?)?, None),
                Data::Map(_) => {
                    let entry = found.0.entry(&part.replace("~1", "/").replace("~0", "~"))?;
                    (&entry.value, Some(&entry.key_span))
                }
                _ => return None,
            };
        }
        Some(found)
    }
}

/// Reads a text. `None` if it cannot be read to its end; what is wrong with it is in `findings` either way.
pub(super) fn read(findings: &mut Findings<'_>) -> Option<Node> {
    let text = findings.text;
    if text.len() > FILE_MAX {
        findings.add(&(0..0), format!("the file has {} bytes; a scenario has at most {FILE_MAX}", text.len()));
        return None;
    }
    // The scanner takes U+0000 for the end of the file and would silently drop the rest.
    if let Some((at, c)) = text.char_indices().find(|&(_, c)| c.is_control() && !"\t\n\r\u{85}".contains(c)) {
        let code = u32::from(c);
        findings
            .add(&(at..at + c.len_utf8()), format!("the control character U+{code:04X} cannot stand in a scenario"));
        return None;
    }
    let mut reader = Reader {
        chars: Chars::of(text),
        findings,
        stack: Vec::new(),
        root: None,
        anchors: BTreeMap::new(),
        budget: NODES_MAX,
    };
    for event in Parser::new_from_str(text) {
        let go_on = match event {
            Ok((event, span)) => reader.take(event, span),
            Err(error) => {
                let at = reader.chars.byte(error.marker().index());
                reader.findings.add(&(at..at), format!("this is no valid YAML: {}", sentence(error.info())));
                None
            }
        };
        go_on?;
    }
    let root = reader.root.take();
    if root.is_none() {
        findings.add(&(0..0), "the file is empty").help(
            "`brownout schema` prints what a scenario consists of, `brownout schema profile` what a profile does",
        );
    }
    root
}

fn sentence(info: &str) -> String {
    info.trim().trim_end_matches('.').chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A list or a map that is still open.
struct Frame {
    start: Marker,
    anchor: usize,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, seen: BTreeMap<String, ByteSpan>, key: Option<Key> },
}

/// A key that waits for its value.
enum Key {
    Good(String, ByteSpan),
    /// A mistake that has been reported; its value is read and dropped.
    Bad,
}

struct Reader<'f, 't> {
    chars: Chars,
    findings: &'f mut Findings<'t>,
    stack: Vec<Frame>,
    root: Option<Node>,
    anchors: BTreeMap<usize, Rc<Node>>,
    budget: usize,
}

impl Reader<'_, '_> {
    /// Takes one event; `None` if reading cannot go on.
    fn take(&mut self, event: Event<'_>, span: CharSpan) -> Option<()> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                let span = self.bytes(span);
                self.findings.add(&span, "a file holds one scenario; a second document begins here");
                None
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Some(())
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Scalar(text, style, anchor, tag) => {
                let at = self.bytes(span);
                if self.wants_key() {
                    self.key(&text, style, at);
                    return Some(());
                }
                let data = self.scalar(&text, style, tag.as_deref(), &at);
                self.spend(1, &at)?;
                self.place(Node::new(at, data), anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(span, anchor, Inside::List(Vec::new()), tag.as_deref(), "seq")
            }
            Event::MappingStart(anchor, tag) => self.open(
                span,
                anchor,
                Inside::Map { entries: Vec::new(), seen: BTreeMap::new(), key: None },
                tag.as_deref(),
                "map",
            ),
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
        }
    }

    fn bytes(&self, span: CharSpan) -> ByteSpan {
        let (start, end) = (self.chars.byte(span.start.index()), self.chars.byte(span.end.index()));
        let end = end.max(start);
        // Block scalars and collections end where the next token begins; the break between is not theirs.
        start..start + self.findings.text.get(start..end).map_or(0, |t| t.trim_end().len())
    }

    fn spend(&mut self, nodes: usize, at: &ByteSpan) -> Option<()> {
        if let Some(rest) = self.budget.checked_sub(nodes) {
            self.budget = rest;
            return Some(());
        }
        self.findings.add(at, format!("with its aliases expanded, the file has more than {NODES_MAX} values"));
        None
    }

    fn wants_key(&self) -> bool {
        matches!(self.stack.last(), Some(Frame { inside: Inside::Map { key: None, .. }, .. }))
    }

    fn key(&mut self, text: &str, style: ScalarStyle, at: ByteSpan) {
        let Some(Frame { inside: Inside::Map { seen, key, .. }, .. }) = self.stack.last_mut() else { return };
        *key = Some(Key::Bad);
        if text == "<<" && style == ScalarStyle::Plain {
            self.findings
                .add(&at, "merge keys (`<<`) are not part of the language")
                .help("write the keys out, or use an anchor for a whole value: `when: *busy`");
        } else if let Some(first) = seen.get(text).cloned() {
            self.findings.add(&at, format!("the key `{text}` is given twice")).label("given again here");
            self.findings.second_place(&first, "first given here");
        } else {
            seen.insert(text.to_owned(), at.clone());
            *key = Some(Key::Good(text.to_owned(), at));
        }
    }

    fn open(&mut self, span: CharSpan, anchor: usize, inside: Inside, tag: Option<&Tag>, core: &str) -> Option<()> {
        let at = self.bytes(span);
        if let Some(tag) = tag.filter(|t| !(t.is_yaml_core_schema() && t.suffix == core)) {
            self.foreign(tag, &at);
        }
        if self.wants_key() {
            self.findings
                .add(&at, "a key is a word, not a list or a map")
                .help("quote it if it holds brackets or braces");
            return None;
        }
        if self.stack.len() >= DEPTH_MAX {
            self.findings.add(&at, format!("nested more than {DEPTH_MAX} levels deep"));
            return None;
        }
        self.spend(1, &at)?;
        self.stack.push(Frame { start: span.start, anchor, inside });
        Some(())
    }

    fn close(&mut self, span: CharSpan) -> Option<()> {
        let frame = self.stack.pop()?;
        let data = match frame.inside {
            Inside::List(items) => Data::List(items),
            Inside::Map { entries, .. } => Data::Map(entries),
        };
        let mut at = self.bytes(CharSpan::new(frame.start, span.end));
        // A block has no closing bracket: it ends with its last value, not where the next token begins.
        if span.is_empty() {
            at.end = data.last_end().unwrap_or(at.start).max(at.start);
        }
        self.place(Node::new(at, data), frame.anchor)
    }

    fn alias(&mut self, anchor: usize, span: CharSpan) -> Option<()> {
        let at = self.bytes(span);
        if self.wants_key() {
            self.findings.add(&at, "an alias cannot stand for a key");
            return None;
        }
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            self.findings.add(&at, "this alias stands inside its own anchor");
            return None;
        };
        if self.stack.len() + node.height > DEPTH_MAX {
            self.findings.add(&at, format!("with this alias expanded, nested more than {DEPTH_MAX} levels deep"));
            return None;
        }
        // Paid before it is copied: a bomb costs no memory.
        self.spend(node.size, &at)?;
        let mut copy = Node::clone(&node);
        copy.span = at;
        self.place(copy, 0)
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, node: Node, anchor: usize) -> Option<()> {
        if anchor != 0 {
            self.spend(node.size, &node.span.clone())?;
            self.anchors.insert(anchor, Rc::new(node.clone()));
        }
        match self.stack.last_mut().map(|f| &mut f.inside) {
            None => self.root = Some(node),
            Some(Inside::List(items)) => items.push(node),
            Some(Inside::Map { entries, key, .. }) => {
                if let Some(Key::Good(key, key_span)) = key.take() {
                    entries.push(Entry { key, key_span, value: node });
                }
            }
        }
        Some(())
    }

    fn foreign(&mut self, tag: &Tag, at: &ByteSpan) {
        let name = if tag.is_yaml_core_schema() { format!("!!{}", tag.suffix) } else { tag.to_string() };
        self.findings.add(at, format!("the tag `{name}` does not fit here")).help("leave it out");
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, at: &ByteSpan) -> Data {
        let Some(tag) = tag else {
            return if style == ScalarStyle::Plain { plain(text) } else { Data::Text(text.to_owned()) };
        };
        let (data, fits) = match tag.suffix.as_str() {
            "str" => (Data::Text(text.to_owned()), true),
            "int" | "float" => (plain(text), matches!(plain(text), Data::Number(_))),
            "bool" => (plain(text), matches!(plain(text), Data::Bool(_))),
            "null" => (plain(text), matches!(plain(text), Data::Null)),
            _ => (Data::Text(text.to_owned()), false),
        };
        if !(fits && tag.is_yaml_core_schema()) {
            self.foreign(tag, at);
        }
        data
    }
}

#[cfg(test)]
mod tests;
