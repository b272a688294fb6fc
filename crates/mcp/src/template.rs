//! Whether a URI is one that a template describes.
//!
//! Of RFC 6570 what resource templates use: `{name}` for text without a slash, `{+name}` and
//! `{name*}` for any text, and a last `{?a,b}` for a query.

enum Piece {
    Literal(String),
    Segment,
    Rest,
    Query,
}

pub(crate) struct UriTemplate(Vec<Piece>);

impl UriTemplate {
    pub(crate) fn parse(template: &str) -> Result<Self, &'static str> {
        let mut pieces = Vec::new();
        let mut rest = template;
        while let Some((literal, tail)) = rest.split_once('{') {
            let (expression, after) = tail.split_once('}').ok_or("a `{` is never closed")?;
            if !literal.is_empty() {
                pieces.push(Piece::Literal(literal.to_owned()));
            }
            pieces.push(expression_of(expression)?);
            rest = after;
        }
        if rest.contains('}') {
            return Err("a `}` was never opened");
        }
        if !rest.is_empty() {
            pieces.push(Piece::Literal(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// Looks at each place in the URI at most once for each piece.
    pub(crate) fn matches(&self, uri: &str) -> bool {
        let mut reached = vec![false; uri.len() + 1];
        reached[0] = true;
        for piece in &self.0 {
            reached = step(piece, uri, &reached);
        }
        reached[uri.len()]
    }
}

fn expression_of(expression: &str) -> Result<Piece, &'static str> {
    let name = expression.trim_start_matches(['+', '?', '&']);
    if name.is_empty() {
        return Err("a variable has no name");
    }
    Ok(match expression.as_bytes()[0] {
        b'?' | b'&' => Piece::Query,
        b'+' => Piece::Rest,
        _ if expression.ends_with('*') => Piece::Rest,
        _ => Piece::Segment,
    })
}

/// Where in the URI one can be after `piece`, from where one could be before it.
fn step(piece: &Piece, uri: &str, before: &[bool]) -> Vec<bool> {
    let mut after = vec![false; uri.len() + 1];
    let mut is_inside = false;
    for at in 0..=uri.len() {
        if is_inside {
            after[at] = true;
        }
        let next = uri.as_bytes().get(at);
        match piece {
            Piece::Literal(literal) if before[at] => {
                if uri.as_bytes()[at..].starts_with(literal.as_bytes()) {
                    after[at + literal.len()] = true;
                }
            }
            Piece::Literal(_) => {}
            Piece::Query if before[at] && matches!(next, None | Some(b'?' | b'&')) => {
                after[uri.len()] = true;
            }
            Piece::Query => {}
            Piece::Rest => is_inside |= before[at],
            Piece::Segment => {
                is_inside = (is_inside || before[at]) && !matches!(next, Some(b'/' | b'?'));
            }
        }
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, uri: &str) -> bool {
        UriTemplate::parse(template).unwrap().matches(uri)
    }

    #[test]
    fn a_variable_stands_for_text_up_to_the_next_slash() {
        assert!(check(
            "test://template/{id}/data",
            "test://template/123/data"
        ));
        assert!(!check(
            "test://template/{id}/data",
            "test://template/1/2/data"
        ));
        assert!(!check("test://template/{id}/data", "test://template//data"));
        assert!(check("assets://{name}", "assets://words.txt"));
        assert!(!check("assets://{name}", "assets://"));
    }

    #[test]
    fn a_reserved_variable_may_hold_slashes_and_a_query_may_be_left_out() {
        assert!(check("file://{+path}", "file://a/b/c"));
        assert!(check("logs://recent{?limit}", "logs://recent"));
        assert!(check("logs://recent{?limit}", "logs://recent?limit=5"));
        assert!(!check("logs://recent{?limit}", "logs://recently"));
    }

    #[test]
    fn a_template_that_is_none_says_why() {
        assert_eq!(
            UriTemplate::parse("a{b").err(),
            Some("a `{` is never closed")
        );
        assert_eq!(
            UriTemplate::parse("a}b").err(),
            Some("a `}` was never opened")
        );
        assert_eq!(
            UriTemplate::parse("a{}").err(),
            Some("a variable has no name")
        );
    }
}
