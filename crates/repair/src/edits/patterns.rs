//! Regular expressions: what a person mistypes in them, and the letters that tests tell of.

use tree_sitter::Node;

use super::{Class, Site, texts};
use crate::program::named;

/// A longer one is left as it is.
const CHARS_MAX: usize = 80;
const CLASSES: [char; 8] = ['d', 'w', 's', 'b', 'D', 'W', 'S', 'B'];
/// What sets of letters lack, beside the letters that tests tell of.
const MEMBERS: [&str; 9] = ["a-z", "A-Z", "0-9", "_", " ", ".", ",", "'", "\\w"];
const FLAGS: [&str; 3] = ["re.IGNORECASE", "re.MULTILINE", "re.DOTALL"];

pub(super) fn add(site: &mut Site<'_>, node: Node<'_>) {
    let Some(call) = call_of(site, node) else {
        return;
    };
    let Some((open, pattern, close)) = texts::parts(site.text(node)) else {
        return;
    };
    let is_raw = open.contains(['r', 'R']);
    if texts::is_format(node) || pattern.len() > CHARS_MAX || !is_raw && pattern.contains('\\') {
        return;
    }
    let letters = &site.evidence.shifts.letters;
    for (made, cost) in others(pattern, letters) {
        // A backslash is what it is in a raw text alone.
        let open = if !is_raw && made.contains('\\') {
            format!("r{open}")
        } else {
            open.to_owned()
        };
        site.put(node, format!("{open}{made}{close}"), Class::Text, cost);
    }
    if !site.text(call).contains("flags") {
        let end = call.end_byte() - 1;
        for flag in FLAGS {
            site.splice(end..end, format!(", flags={flag}"), Class::Argument, 2.3);
        }
    }
}

/// The call of `re` that the text is the pattern of.
fn call_of<'tree>(site: &Site<'_>, node: Node<'tree>) -> Option<Node<'tree>> {
    if node.kind() != "string" {
        return None;
    }
    let list = node.parent()?;
    let call = list.parent().filter(|call| call.kind() == "call")?;
    let function = call.child_by_field_name("function")?;
    let is_first = named(list).first() == Some(&node);
    (is_first && site.text(function).starts_with("re.")).then_some(call)
}

fn others(pattern: &str, letters: &[char]) -> Vec<(String, f64)> {
    let mut made: Vec<(String, f64)> = Vec::new();
    let mut place = Place::default();
    for (at, letter) in pattern.char_indices() {
        let (before, behind) = (&pattern[..at], &pattern[at + letter.len_utf8()..]);
        let instead = place.instead_of(letter, before, behind, letters);
        made.extend(
            instead
                .into_iter()
                .map(|(text, cost)| (format!("{before}{text}{behind}"), cost)),
        );
        place.pass(letter, before);
    }
    let ends = [("^", ""), ("", "$"), ("^", "$"), ("\\b", "\\b")];
    let ends = ends.map(|(begin, end)| (format!("{begin}{pattern}{end}"), 2.2));
    made.extend(ends);
    made
}

/// Where in a pattern a letter stands.
#[derive(Default)]
struct Place {
    is_escaped: bool,
    /// Where the set began that it is in.
    set: Option<usize>,
}

impl Place {
    fn pass(&mut self, letter: char, before: &str) {
        let was_escaped = std::mem::take(&mut self.is_escaped);
        match (letter, self.set) {
            _ if was_escaped => {}
            ('\\', _) => self.is_escaped = true,
            ('[', None) => self.set = Some(before.len()),
            // The first one in a set is a member.
            (']', Some(begin)) if !is_first(begin, before) => self.set = None,
            _ => {}
        }
    }

    /// What could stand there instead of the letter.
    fn instead_of(
        &self,
        letter: char,
        before: &str,
        behind: &str,
        letters: &[char],
    ) -> Vec<(String, f64)> {
        let all = |texts: &[&str], cost: f64| -> Vec<(String, f64)> {
            let texts = texts.iter().map(|text| (*text).to_owned());
            texts.map(|text| (text, cost)).collect()
        };
        let repeated = |cost: f64| -> Vec<(String, f64)> {
            let signs = ["+", "*", "?"].map(|sign| (format!("{letter}{sign}"), cost));
            signs.to_vec()
        };
        match (letter, self.set) {
            _ if self.is_escaped && CLASSES.contains(&letter) => {
                let mut made: Vec<_> = CLASSES.map(|class| (class.to_string(), 2.1)).to_vec();
                if self.set.is_none() {
                    made.extend(repeated(2.1));
                }
                made
            }
            _ if self.is_escaped => Vec::new(),
            ('\\', _) if behind.starts_with(|letter: char| ".+*?()|$".contains(letter)) => {
                all(&[""], 2.2)
            }
            ('[', None) if behind.starts_with('^') => all(&["["], 2.2),
            ('[', None) => all(&["[^"], 2.2),
            (']', Some(begin)) if !is_first(begin, before) => {
                let told = letters.iter().map(|letter| member(*letter));
                let told = told.map(|member| (format!("{member}]"), 1.4));
                let usual = MEMBERS.map(|member| (format!("{member}]"), 2.3));
                told.chain(usual).chain(repeated(2.1)).collect()
            }
            ('^', Some(begin)) if begin + 1 == before.len() => all(&[""], 2.1),
            (_, Some(_)) if !behind.starts_with('-') && !before.ends_with('-') => all(&[""], 2.3),
            (_, Some(_)) => Vec::new(),
            ('+', None) => all(&["*", "?", "", "+?"], 2.0),
            ('*', None) => all(&["+", "?", "", "*?"], 2.0),
            ('?', None) => all(&["", "+", "*"], 2.0),
            ('.', None) => all(&["\\.", "[^,]"], 2.1),
            ('^' | '$', None) => all(&[""], 2.1),
            (')', None) => repeated(2.3),
            _ if letter.is_alphanumeric() || letter == ' ' => repeated(2.3),
            _ => Vec::new(),
        }
    }
}

/// Does nothing stand in the set so far?
fn is_first(begin: usize, before: &str) -> bool {
    matches!(&before[begin..], "[" | "[^")
}

/// A letter as a member of a set.
fn member(letter: char) -> String {
    if "]\\^-".contains(letter) {
        format!("\\{letter}")
    } else {
        letter.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn makes(pattern: &str, letters: &str, wanted: &str) {
        let letters: Vec<char> = letters.chars().collect();
        let made = others(pattern, &letters);
        assert!(made.iter().any(|(text, _)| text == wanted), "{made:?}");
    }

    #[test]
    fn repetitions_and_classes_are_mixed_up() {
        makes(r"\d*", "", r"\d+");
        makes(r"(.*),", "", r"(.*?),");
        makes(r"\w", "", r"\w+");
        makes(r"\d+", "", r"\w+");
    }

    #[test]
    fn ends_and_escapes_are_forgotten() {
        makes(r"\d+", "", r"^\d+$");
        makes(r"a.b", "", r"a\.b");
        makes(r"\.", "", r".");
    }

    #[test]
    fn sets_lack_the_letters_that_tests_tell_of() {
        makes("[^a-z]+", "é", "[^a-zé]+");
        makes("[a-z]", "-", r"[a-z\-]");
        makes("[^]x]", "y", "[^]xy]");
    }
}
