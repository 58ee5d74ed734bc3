//! Faults: one key with its parameters, or a bare word.

use brownout_mocks::fault::BARE;

use super::{ByteSpan, Data, Entry, Map, Node, Place, Validator, Value, clip, follow, required};

impl<'s> Validator<'s, '_, '_> {
    pub(super) fn fault(&mut self, schema: &'s Value, node: &Node, at: Place<'_>) {
        let Some(known) = schema.pointer("/anyOf/1/properties").and_then(Value::as_object) else { return };
        match &node.data {
            Data::Text(word) if BARE.contains(&word.as_str()) => {}
            Data::Text(word) => self.bare(known, word, node),
            Data::Map(entries) if entries.is_empty() => {
                self.findings.add(&node.span, "a fault needs its name: `inject: {throttle: {}}`");
            }
            Data::Map(entries) => self.with_parameters(known, entries, at),
            Data::Null => {
                let message = format!("{} has no value", at.title());
                self.findings.add(&at.span(node), message).help("name a fault, such as `throttle`");
            }
            _ => {
                let message =
                    format!("{} must be a fault or a list of faults, found {}", at.title(), self.written(node));
                self.findings.add(&node.span, message).help("a fault is one key with its parameters: `throttle: {}`");
            }
        }
    }

    fn with_parameters(&mut self, known: &'s Map<String, Value>, entries: &[Entry], at: Place<'_>) {
        if let [first, second, ..] = entries {
            let message = format!("a second key, `{}`, in one fault", clip(&second.key));
            let finding = self.findings.add(&second.key_span, message);
            finding.help(
                "a fault is one key with its parameters; write a list to inject several: `[{latency: 200ms}, close]`",
            );
            self.findings.second_place(&first.key_span, "the fault");
        }
        for (index, entry) in entries.iter().enumerate() {
            let place = Place { name: &entry.key, key: Some(&entry.key_span), outer: at.outer };
            match known.get(&entry.key) {
                Some(parameters) => self.check(parameters, &entry.value, place),
                None if index == 0 => self.unknown_fault(known, &entry.key, &entry.key_span),
                None => {}
            }
        }
    }

    fn bare(&mut self, known: &'s Map<String, Value>, word: &str, node: &Node) {
        let Some(parameters) = known.get(word) else { return self.unknown_fault(known, word, &node.span) };
        let needs = required(follow(self.root, parameters));
        let finding = self.findings.add(&node.span, format!("`{word}` cannot stand alone"));
        match needs.as_slice() {
            [] => finding.help(format!("give it its value: `{word}: …`")),
            keys => finding.help(format!("give it its parameters: `{word}: {{{}: …}}`", keys.join(": …, "))),
        };
    }

    fn unknown_fault(&mut self, known: &Map<String, Value>, name: &str, span: &ByteSpan) {
        let meant = self.findings.meant(name, known.keys().map(String::as_str));
        let finding = self.findings.add(span, format!("unknown fault `{}`", clip(name)));
        finding.label("no such fault").meant(meant);
        finding.help(format!("faults: {}", known.keys().map(String::as_str).collect::<Vec<_>>().join(", ")));
    }
}
