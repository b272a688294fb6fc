//! One program for each thing that people forget or mix up, and that no mutation would do. The repair is right
//! on what no test asks.

use crate::support::{holds, trial};

fn is_repaired(program: &str, cases: &str, further: &str) {
    let report = trial(program, cases).run().unwrap();

    assert!(report.repaired, "{report:#?}");
    assert!(holds(&report.text.unwrap(), further), "{}", report.diff);
}

#[test]
fn the_end_of_a_turn_is_put_in() {
    is_repaired(
        r#"
def kinds(signals):
    counts = {"red": 0, "green": 0, "other": 0}
    for signal in signals:
        if signal.startswith("r"):
            counts["red"] += 1
        if signal.startswith("g"):
            counts["green"] += 1
            continue
        counts["other"] += 1
    return [counts["red"], counts["green"], counts["other"]]
"#,
        r#"
            kinds(["r1", "g2", "x"]) -> [1, 1, 1]
            kinds(["r1", "r2"]) -> [2, 0, 0]
            kinds(["g1"]) -> [0, 1, 0]
        "#,
        r#"kinds(["x", "y", "r", "g", "r"]) -> [2, 1, 2]"#,
    );
}

#[test]
fn what_is_left_over_is_added_behind_the_loop() {
    is_repaired(
        r"
def paragraphs(lines):
    found = []
    lot = []
    for line in lines:
        if line:
            lot.append(line)
        else:
            if lot:
                found.append(lot)
            lot = []
    return found
",
        r#"
            paragraphs(["a", "", "b"]) -> [["a"], ["b"]]
            paragraphs(["a", "b", "", ""]) -> [["a", "b"]]
            paragraphs([]) -> []
        "#,
        r#"paragraphs(["", "x", "y", "", "z", "z"]) -> [["x", "y"], ["z", "z"]]"#,
    );
}

#[test]
fn the_result_of_a_recursion_is_returned() {
    is_repaired(
        r"
def value_at(tree, path):
    if not path:
        return tree
    value_at(tree[path[0]], path[1:])
",
        r#"
            value_at({"a": 1}, ["a"]) -> 1
            value_at({"a": {"b": 2}}, ["a", "b"]) -> 2
            value_at(3, []) -> 3
        "#,
        r#"value_at({"x": {"y": {"z": 9}}}, ["x", "y", "z"]) -> 9"#,
    );
}

#[test]
fn a_search_goes_on_behind_the_first_that_found_nothing() {
    is_repaired(
        r#"
def owner(folder, name):
    if name in folder["files"]:
        return folder["name"]
    for inner in folder["folders"]:
        return owner(inner, name)
    return None
"#,
        r#"
            owner({"name": "a", "files": ["x"], "folders": []}, "x") -> "a"
            owner({"name": "a", "files": [], "folders": [{"name": "b", "files": [], "folders": []}, {"name": "c", "files": ["x"], "folders": []}]}, "x") -> "c"
            owner({"name": "a", "files": [], "folders": [{"name": "b", "files": ["x"], "folders": []}, {"name": "c", "files": [], "folders": []}]}, "x") -> "b"
            owner({"name": "a", "files": [], "folders": []}, "x") -> null
        "#,
        r#"owner({"name": "a", "files": [], "folders": [{"name": "b", "files": [], "folders": []}, {"name": "c", "files": [], "folders": []}, {"name": "d", "files": ["q"], "folders": []}]}, "q") -> "d""#,
    );
}

#[test]
fn what_works_in_place_gives_way_to_what_gives_something() {
    is_repaired(
        r"
def second_lowest(bids):
    ordered = bids.sort()
    return ordered[1]
",
        "
            second_lowest([3, 1, 2]) -> 2
            second_lowest([5, 9]) -> 9
        ",
        "second_lowest([8, 4, 6, 2]) -> 4",
    );
}

#[test]
fn rows_of_a_grid_are_no_longer_one() {
    is_repaired(
        r"
def board(size, places):
    rows = [[0] * size] * size
    for row, column in places:
        rows[row][column] = 1
    return rows
",
        "
            board(2, [[0, 1]]) -> [[0, 1], [0, 0]]
            board(1, [[0, 0]]) -> [[1]]
            board(2, [[0, 0], [1, 1]]) -> [[1, 0], [0, 1]]
        ",
        "board(3, [[2, 0]]) -> [[0, 0, 0], [0, 0, 0], [1, 0, 0]]",
    );
}

#[test]
fn a_key_that_is_there_keeps_what_it_has() {
    is_repaired(
        r"
def by_first(names):
    groups = {}
    for name in names:
        groups[name[0]] = [name]
    return groups
",
        r#"
            by_first(["ann", "al", "bo"]) -> {"a": ["ann", "al"], "b": ["bo"]}
            by_first(["x"]) -> {"x": ["x"]}
            by_first([]) -> {}
        "#,
        r#"by_first(["q", "qq", "r", "qqq"]) -> {"q": ["q", "qq", "qqq"], "r": ["r"]}"#,
    );
}

#[test]
fn the_greatest_so_far_stays() {
    is_repaired(
        r"
def peaks(readings):
    highest = {}
    for place, value in readings:
        if place not in highest:
            highest[place] = value
        highest[place] = value
    return highest
",
        r#"
            peaks([["a", 1], ["a", 3]]) -> {"a": 3}
            peaks([["a", 7], ["b", 2], ["a", 5]]) -> {"a": 7, "b": 2}
            peaks([["c", -4], ["c", -9]]) -> {"c": -4}
        "#,
        r#"peaks([["x", 4], ["x", 9], ["x", 1]]) -> {"x": 9}"#,
    );
}

#[test]
fn a_case_that_only_inputs_name_gets_its_branch() {
    is_repaired(
        r#"
def lamp(presses):
    state = "off"
    level = "low"
    for press in presses:
        if press == "power":
            state = "on"
        elif press == "cut":
            state = "off"
        elif press == "up":
            level = "high"
    return [state, level]
"#,
        r#"
            lamp(["power"]) -> ["on", "low"]
            lamp(["power", "up"]) -> ["on", "high"]
            lamp(["up", "down"]) -> ["off", "low"]
            lamp(["power", "cut", "up", "down", "up"]) -> ["off", "high"]
            lamp(["power", "up", "power", "down"]) -> ["on", "low"]
        "#,
        r#"lamp(["power", "up", "down", "down"]) -> ["on", "low"]"#,
    );
}

#[test]
fn a_key_that_only_inputs_have_is_taken() {
    is_repaired(
        r#"
def heaviest(parcels):
    return max(parcels, key=lambda parcel: parcel["id"])["id"]
"#,
        r#"
            heaviest([{"id": 1, "weight": 9}, {"id": 2, "weight": 3}]) -> 1
            heaviest([{"id": 1, "weight": 2}, {"id": 2, "weight": 3}]) -> 2
        "#,
        r#"heaviest([{"id": 5, "weight": 1}, {"id": 4, "weight": 8}, {"id": 9, "weight": 7}]) -> 4"#,
    );
}

#[test]
fn a_number_is_written_with_as_many_digits_as_it_should() {
    is_repaired(
        r#"
def clock(minutes):
    return f"{minutes // 60}:{minutes % 60}"
"#,
        r#"
            clock(75) -> "1:15"
            clock(605) -> "10:05"
            clock(0) -> "0:00"
        "#,
        r#"clock(121) -> "2:01""#,
    );
}

#[test]
fn places_before_the_first_are_left_out() {
    is_repaired(
        r"
def around(cells, row, column):
    found = []
    for r in (row - 1, row + 1):
        for c in (column - 1, column + 1):
            if r < len(cells) and c < len(cells[0]):
                found.append(cells[r][c])
    return found
",
        "
            around([[1, 2], [3, 4]], 0, 0) -> [4]
            around([[1, 2, 3], [4, 5, 6], [7, 8, 9]], 1, 1) -> [1, 3, 7, 9]
            around([[1, 2, 3], [4, 5, 6]], 1, 0) -> [2]
        ",
        "around([[1, 2, 3], [4, 5, 6]], 0, 2) -> [5]",
    );
}

#[test]
fn what_is_done_with_one_of_two_is_done_with_the_other() {
    is_repaired(
        r"
def woven(left, right):
    rows = []
    i = j = 0
    while i < len(left) and j < len(right):
        rows.append([left[i], right[j]])
        i += 1
        j += 1
    rows.extend(left[i:])
    return rows
",
        "
            woven([1, 2], [3, 4]) -> [[1, 3], [2, 4]]
            woven([1, 2], [3]) -> [[1, 3], 2]
            woven([1], [3, 4, 5]) -> [[1, 3], 4, 5]
            woven([], []) -> []
        ",
        "woven([], [7, 8]) -> [7, 8]",
    );
}

#[test]
fn nothing_is_not_the_same_as_not_given() {
    is_repaired(
        r"
def limit(own, usual):
    return own or usual
",
        "
            limit(3, 10) -> 3
            limit(null, 10) -> 10
            limit(0, 10) -> 0
        ",
        r#"limit("", "x") -> """#,
    );
}

#[test]
fn what_is_subtracted_first_is_put_into_brackets() {
    is_repaired(
        r"
def share(price, rebate, parts):
    return price - rebate * 3 / parts
",
        "
            share(10, 4, 2) -> 9
            share(7, 1, 3) -> 6
            share(5, 5, 1) -> 0
        ",
        "share(30, 10, 4) -> 15",
    );
}

#[test]
fn a_loop_goes_through_a_copy_of_what_it_changes() {
    is_repaired(
        r"
def open_seats(seats, taken):
    for seat in seats:
        if seat in taken:
            seats.remove(seat)
    return seats
",
        "
            open_seats([1, 2, 3], [1, 2]) -> [3]
            open_seats([4, 5], [5]) -> [4]
            open_seats([6, 7, 8, 9], [7, 8, 9]) -> [6]
        ",
        "open_seats([1, 2, 3, 4, 5], [2, 3, 5]) -> [1, 4]",
    );
}
