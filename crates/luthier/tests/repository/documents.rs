use std::{collections::BTreeSet, fs, path::PathBuf};

use crate::{read, root};

/// Every page of documentation.
fn pages() -> Vec<PathBuf> {
    let root = root();
    let mut pages: Vec<PathBuf> = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]
        .map(|page| root.join(page))
        .into();
    let mut folders = vec![root.join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)
            .expect("docs/ is there")
            .map(Result::unwrap)
        {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages
}

/// Targets of `[text](target)` that are not on the web.
fn links(page: &str) -> impl Iterator<Item = &str> {
    page.match_indices("](")
        .filter_map(|(at, _)| page[at + 2..].split([')', ' ']).next())
        .filter(|target| {
            !target.contains("://") && !target.starts_with('#') && !target.starts_with("mailto:")
        })
}

/// Paths in backticks that begin with a folder of the repository.
fn named_paths(page: &str) -> impl Iterator<Item = &str> {
    const TOPS: [&str; 9] = [
        "crates/",
        "docs/",
        "ci/",
        "deploy/",
        ".ci/",
        "benches/",
        "templates/",
        "examples/",
        ".cargo/",
    ];
    page.split('`')
        .skip(1)
        .step_by(2)
        .filter(|text| TOPS.iter().any(|top| text.starts_with(top)))
        .filter(|text| !text.contains(['*', '{', '<', ' ', '|', '…']))
}

/// A heading as the anchor that Markdown renderers give it.
fn anchors(page: &str) -> BTreeSet<String> {
    page.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            line.trim_start_matches('#')
                .trim()
                .to_lowercase()
                .chars()
                .filter(|letter| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter))
                .map(|letter| if letter == ' ' { '-' } else { letter })
                .collect()
        })
        .collect()
}

#[test]
fn every_path_and_link_in_the_documentation_leads_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap_or_else(|e| panic!("{}: {e}", page.display()));
        let folder = page.parent().unwrap();
        for link in links(&text) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = folder.join(path);
            let has_anchor = anchor.is_empty()
                || fs::read_to_string(&target).is_ok_and(|text| anchors(&text).contains(anchor));
            if !target.exists() || !has_anchor {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
        for path in named_paths(&text).filter(|path| !root().join(path).exists()) {
            broken.push(format!("{}: `{path}`", page.display()));
        }
    }

    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn every_figure_to_size_by_was_measured() {
    let measured = read("docs/reference/performance.md");
    let page = read("docs/reference/sizing.md");
    let (_, section) = page.split_once("## Figures\n").unwrap();
    let (table, _) = section.split_once("\n## ").unwrap();
    // Below the head of the table, and the line under it.
    let figures = table
        .lines()
        .filter_map(|row| row.split('|').nth(2))
        .skip(2);
    let figures: Vec<&str> = figures
        .filter_map(|it| it.split_whitespace().next())
        .collect();

    assert!(!figures.is_empty());
    for figure in figures {
        assert!(measured.contains(&format!("| {figure} ")), "{figure}");
    }
}
