//! Lists in pages. A cursor names the last item that was told, so that it holds as long as that does.

use rmcp::ErrorData;
use rmcp::model::PaginatedRequestParams;

/// Keys that a cursor may name are not longer.
const CURSOR_BYTES_MAX: usize = 8 * 1024;

/// One page of `items`, and the cursor of the next.
pub(crate) fn page<'a, T>(
    items: &'a [T],
    key: impl Fn(&T) -> &str,
    asked: Option<&PaginatedRequestParams>,
    items_max: usize,
) -> Result<(&'a [T], Option<String>), ErrorData> {
    let start = match asked.and_then(|params| params.cursor.as_deref()) {
        None => 0,
        Some(cursor) => after(items, &key, cursor)?,
    };
    let end = items.len().min(start + items_max);
    let next = (end < items.len()).then(|| hex::encode(key(&items[end - 1])));
    Ok((&items[start..end], next))
}

fn after<T>(items: &[T], key: impl Fn(&T) -> &str, cursor: &str) -> Result<usize, ErrorData> {
    let unusable = || {
        ErrorData::invalid_params(
            "the cursor is unknown, or the list has changed since; ask again without a cursor",
            None,
        )
    };
    if cursor.len() > CURSOR_BYTES_MAX {
        return Err(unusable());
    }
    let told = hex::decode(cursor).map_err(|_not_hex| unusable())?;
    let position = items
        .iter()
        .position(|item| key(item).as_bytes() == told.as_slice());
    position.map(|index| index + 1).ok_or_else(unusable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(cursor: Option<String>) -> Result<(Vec<&'static str>, Option<String>), ErrorData> {
        let mut params = PaginatedRequestParams::default();
        params.cursor = cursor;
        let (page, next) = page(&["a", "b", "c"], |name| name, Some(&params), 2)?;
        Ok((page.to_vec(), next))
    }

    #[test]
    fn pages_follow_each_other_until_there_is_no_cursor() {
        let (first, next) = names(None).unwrap();
        let (second, end) = names(next).unwrap();

        assert_eq!((first, second, end), (vec!["a", "b"], vec!["c"], None));
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        for cursor in ["", "zz", "64", &"6".repeat(CURSOR_BYTES_MAX + 2)] {
            assert!(names(Some(cursor.to_owned())).is_err(), "{cursor}");
        }
    }
}
