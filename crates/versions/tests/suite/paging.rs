//! Whatever is asked for, the pages together are what looking at every version would find.

use jiff::Timestamp;
use proptest::prelude::*;
use semver::{Version, VersionReq};
use serde_json::Value;
use tokio::runtime::Runtime;
use versions::{Filter, Tag};

use crate::support::{BEGAN_S, Lab, by_hand, name_of, noted, passed};
use release::TestStatus;

/// Numbers close to each other, with and without pre-releases, of two lineages; several in a second.
fn tags() -> Vec<crate::support::Made> {
    let mut tags = Vec::new();
    for (major, minor, patch) in [
        (0, 0, 0),
        (0, 0, 2),
        (0, 1, 0),
        (0, 1, 3),
        (1, 0, 0),
        (1, 2, 0),
        (1, 2, 3),
        (2, 0, 0),
    ] {
        for suffix in ["", "-alpha", "-alpha.2", "-rc.1", "+build.7"] {
            let number = format!("v{major}.{minor}.{patch}{suffix}");
            tags.push(match tags.len() % 5 {
                0..=2 => passed(&number),
                3 => by_hand(&number),
                _ => noted(&number, |notes| notes.tests = TestStatus::Fail),
            });
        }
        tags.push(passed(&format!("side/v{major}.{minor}.{patch}")));
    }
    let count = tags.len();
    for (place, made) in tags.iter_mut().enumerate() {
        // Not in the order of numbers, and two at a time.
        let place = place * 7 % count;
        made.at_s = BEGAN_S + i64::try_from(place / 2).unwrap() * 10;
    }
    tags
}

fn range() -> impl Strategy<Value = String> {
    let number = (0_u64..3, 0_u64..3, 0_u64..4);
    let suffix = prop::sample::select(vec!["", "-alpha", "-alpha.1", "-rc.1", "-0"]);
    let operator = prop::sample::select(vec!["", "=", "^", "~", ">", ">=", "<", "<="]);
    let comparator = (operator, number, 0..4, suffix).prop_map(
        |(operator, (a, b, c), parts, suffix)| match parts {
            0 => format!("{operator}{a}"),
            1 => format!("{operator}{a}.{b}"),
            _ => format!("{operator}{a}.{b}.{c}{suffix}"),
        },
    );
    let several = prop::collection::vec(comparator, 1..4).prop_map(|all| all.join(", "));
    prop_oneof![8 => several, 1 => Just("*".to_owned()), 1 => Just("1.*".to_owned())]
}

fn filter() -> impl Strategy<Value = Filter> {
    let tags: Vec<Option<Tag>> = [None, None]
        .into_iter()
        .chain(Tag::ALL.map(|(_, tag)| Some(tag)))
        .collect();
    let since = prop::option::of(-20_i64..300);
    let include = prop::option::of(any::<bool>());
    (
        1_usize..9,
        include,
        since,
        prop::sample::select(tags),
        prop::option::of(range()),
    )
        .prop_map(|(limit, include_unstable, since, tag, range)| Filter {
            limit,
            offset: 0,
            include_unstable,
            since: since.map(|after| Timestamp::from_second(BEGAN_S + after).unwrap()),
            tag,
            range: range.map(|range| VersionReq::parse(&range).unwrap()),
        })
}

/// What somebody finds who looks at every version there is.
fn expected(all: &[Value], filter: &Filter) -> Vec<String> {
    let wanted = all.iter().filter(|version| {
        let tags = version["tags"].as_array().unwrap();
        let is = |name: &str| tags.iter().any(|tag| tag == name);
        let number: Version = version["version"].as_str().unwrap().parse().unwrap();
        let made: Timestamp = version["created_at"].as_str().unwrap().parse().unwrap();
        (is("stable") || filter.include_unstable.unwrap_or(filter.tag.is_some()))
            && filter.tag.is_none_or(|tag| is(tag.as_str()))
            && filter.since.is_none_or(|since| made >= since)
            && filter
                .range
                .as_ref()
                .is_none_or(|range| range.matches(&number))
    });
    wanted.map(name_of).collect()
}

#[test]
fn the_pages_of_any_filter_are_each_version_once_in_order() {
    let runtime = Runtime::new().unwrap();
    let lab = runtime.block_on(async {
        let lab = Lab::with(&tags()).await;
        lab.begin("0.1.0").await;
        lab.registry.refresh().await.unwrap();
        lab
    });
    let whole = lab.registry.page(&Filter {
        limit: 500,
        include_unstable: Some(true),
        ..Filter::default()
    });
    let all: Vec<Value> = serde_json::to_value(&whole.versions)
        .unwrap()
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(all.len(), 48);
    let times: Vec<&str> = all
        .iter()
        .map(|version| version["created_at"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older));

    proptest!(ProptestConfig::with_cases(600), |(filter in filter())| {
        let expected = expected(&all, &filter);
        let mut found = Vec::new();
        loop {
            let page = lab.registry.page(&Filter { offset: found.len() as u64, ..filter.clone() });
            prop_assert_eq!(page.pagination.total_estimate, expected.len(), "{:?}", filter);
            prop_assert!(page.versions.len() <= filter.limit);
            if page.versions.is_empty() {
                break;
            }
            let page = serde_json::to_value(&page.versions).unwrap();
            found.extend(page.as_array().unwrap().iter().map(name_of));
        }
        prop_assert_eq!(found, expected, "{:?}", filter);
    });
}
