//! What a definition is like, whatever its names: n-grams of the kinds of its syntax tree.

use tree_sitter::Node;

/// How many kinds in a row count as one feature.
const GRAM_NODES: usize = 4;

/// The smallest hashes stand for all of them (bottom-k sketch).
const FEATURES_MAX: usize = 128;

/// The sketch of a definition, in ascending order.
pub(crate) fn fingerprint(node: Node<'_>) -> Vec<u32> {
    let mut hashes = Vec::new();
    let mut window = [0_u16; GRAM_NODES];
    let mut cursor = node.walk();
    loop {
        if cursor.node().is_named() && !cursor.node().is_extra() {
            window.rotate_left(1);
            window[GRAM_NODES - 1] = cursor.node().kind_id();
            hashes.push(hash(window));
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                hashes.sort_unstable();
                hashes.dedup();
                hashes.truncate(FEATURES_MAX);
                return hashes;
            }
        }
    }
}

/// FNV-1a with a last mix, so that the smallest hashes are a fair sample.
fn hash(window: [u16; GRAM_NODES]) -> u32 {
    let mut state = 0x811c_9dc5_u32;
    for byte in window.iter().flat_map(|kind| kind.to_le_bytes()) {
        state = (state ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    state ^= state >> 15;
    state = state.wrapping_mul(0x2c1b_3c6d);
    state ^ (state >> 12)
}

/// The estimated share of features in common, 0 to 1.
pub(crate) fn likeness(left: &[u32], right: &[u32]) -> f64 {
    let mut union: Vec<u32> = left.iter().chain(right).copied().collect();
    union.sort_unstable();
    union.dedup();
    union.truncate(FEATURES_MAX);
    if union.is_empty() {
        return 0.0;
    }
    let is_in = |set: &[u32], feature: &u32| set.binary_search(feature).is_ok();
    let shared = union
        .iter()
        .filter(|feature| is_in(left, feature) && is_in(right, feature))
        .count();
    ratio(shared, union.len())
}

fn ratio(part: usize, whole: usize) -> f64 {
    let exact = |count: usize| f64::from(u32::try_from(count).expect("a sketch is small"));
    exact(part) / exact(whole)
}
