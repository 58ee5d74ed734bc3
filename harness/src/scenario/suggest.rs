//! Did you mean: the nearest of the known names.

use strsim::damerau_levenshtein;

/// The known name that `word` was probably meant to be.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Long words come from garbage, and the distance costs the product of both lengths.
    if word.is_empty() || word.len() > 100 {
        return None;
    }
    let lower = word.to_lowercase();
    known
        .into_iter()
        .map(|name| (damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|&(distance, name)| distance <= 1 + name.len() / 4 && distance < name.len())
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, name)| name)
}

/// Names as a list for people: `a`, `b` or `c`.
pub(super) fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|n| format!("`{n}`")).collect();
    joined(&names, "or")
}

/// Phrases as a list for people, the last two joined by `word`.
pub(super) fn joined(phrases: &[String], word: &str) -> String {
    match phrases {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} {word} {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        let known = ["throttle", "latency", "close", "at"];
        assert_eq!(did_you_mean("latncy", known), Some("latency"));
        assert_eq!(did_you_mean("Throttle", known), Some("throttle"));
        assert_eq!(did_you_mean("explode", known), None);
        assert_eq!(did_you_mean("xy", known), None);
        assert_eq!(did_you_mean("", known), None);
    }

    #[test]
    fn lists_read_like_sentences() {
        assert_eq!(one_of(["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(one_of(["a"]), "`a`");
    }
}
