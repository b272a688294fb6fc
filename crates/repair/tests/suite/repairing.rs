//! One program for each kind of change. The repair is right on what no test asks, and changes no more than
//! it must.

use crate::support::{changes, holds, trial};

/// A program, its tests, and what only its author knows.
struct Fault {
    program: &'static str,
    cases: &'static str,
    further: &'static str,
    /// The most that are taken away, and that are added.
    lines: (usize, usize),
}

fn is_repaired(fault: &Fault) {
    let report = trial(fault.program, fault.cases).run().unwrap();

    assert!(report.repaired, "{report:#?}");
    let text = report.text.unwrap();
    assert!(holds(&text, fault.further), "{}", report.diff);
    let (removed, added) = changes(&report.diff);
    assert!(
        removed.len() <= fault.lines.0 && added.len() <= fault.lines.1,
        "{}",
        report.diff
    );
}

#[test]
fn a_wrong_operator_is_replaced() {
    is_repaired(&Fault {
        program: r"
def line_total(price, quantity, rebate):
    gross = price * quantity
    return gross + rebate
",
        cases: "
            line_total(10, 3, 5) -> 25
            line_total(4, 2, 0) -> 8
            line_total(7, 1, 2) -> 5
        ",
        further: "line_total(100, 2, 50) -> 150",
        lines: (1, 1),
    });
}

#[test]
fn a_count_that_is_one_too_small_is_corrected() {
    is_repaired(&Fault {
        program: r"
def week_of_season(day):
    return (day - 1) // 7
",
        cases: "
            week_of_season(1) -> 1
            week_of_season(7) -> 1
            week_of_season(8) -> 2
            week_of_season(22) -> 4
        ",
        further: "week_of_season(70) -> 10",
        lines: (1, 1),
    });
}

#[test]
fn arguments_in_the_wrong_order_are_swapped() {
    is_repaired(&Fault {
        program: r"
def scaled(value, low, high):
    return (value - low) / (high - low)


def gauge(value, low, high):
    return round(100 * scaled(low, value, high))
",
        cases: "
            gauge(5, 0, 10) -> 50
            gauge(3, 2, 6) -> 25
            gauge(10, 0, 10) -> 100
        ",
        further: "gauge(9, 1, 11) -> 80",
        lines: (1, 1),
    });
}

#[test]
fn the_name_of_a_sibling_gives_way_to_the_right_one() {
    is_repaired(&Fault {
        program: r"
def seats(rows, columns, aisles):
    width = columns - aisles
    return rows * columns
",
        cases: "
            seats(10, 6, 1) -> 50
            seats(3, 4, 2) -> 6
            seats(2, 5, 0) -> 10
        ",
        further: "seats(20, 10, 2) -> 160",
        lines: (1, 1),
    });
}

#[test]
fn an_empty_list_is_guarded_against() {
    is_repaired(&Fault {
        program: r"
def average_delay(delays):
    late = [delay for delay in delays if delay > 0]
    return sum(late) / len(late)
",
        cases: "
            average_delay([4, 6]) -> 5
            average_delay([-3, 8]) -> 8
            average_delay([]) -> 0
            average_delay([-1]) -> 0
        ",
        further: "
            average_delay([1, 2, 6, -4]) -> 3
            average_delay([-5, -6]) -> 0
        ",
        lines: (1, 3),
    });
}

#[test]
fn a_branch_that_only_a_sibling_has_is_copied() {
    is_repaired(&Fault {
        program: r"
def widest(rows):
    if not rows:
        return None
    return max(rows, key=len)


def narrowest(rows):
    return min(rows, key=len)
",
        cases: r#"
            widest([]) -> null
            widest(["a", "bb"]) -> "bb"
            narrowest(["aaa", "bb"]) -> "bb"
            narrowest([]) -> null
        "#,
        further: r#"narrowest(["xyz", "x", "xy"]) -> "x""#,
        lines: (1, 2),
    });
}

#[test]
fn a_negated_condition_is_turned_round() {
    is_repaired(&Fault {
        program: r"
def open_orders(orders):
    waiting = []
    for name, is_paid in orders:
        if is_paid:
            waiting.append(name)
    return waiting
",
        cases: r#"
            open_orders([["a", true], ["b", false]]) -> ["b"]
            open_orders([["a", false], ["b", false]]) -> ["a", "b"]
            open_orders([]) -> []
        "#,
        further: r#"open_orders([["x", false], ["y", true], ["z", false]]) -> ["x", "z"]"#,
        lines: (1, 1),
    });
}

#[test]
fn a_condition_that_looks_too_far_is_bounded() {
    is_repaired(&Fault {
        program: r"
def free_places(belt):
    size = len(belt)
    count = 0
    while belt[count] == 0:
        count += 1
    return size - count
",
        cases: "
            free_places([0, 0, 7]) -> 1
            free_places([3, 0]) -> 2
            free_places([0, 0]) -> 0
            free_places([]) -> 0
        ",
        further: "
            free_places([0, 1, 0, 0]) -> 3
            free_places([0, 0, 0]) -> 0
        ",
        lines: (1, 1),
    });
}

#[test]
fn a_slice_that_takes_too_much_is_cut() {
    is_repaired(&Fault {
        program: r#"
def keys_of(line):
    inside = line[1:]
    return inside.split("|")
"#,
        cases: r#"
            keys_of("<a|b>") -> ["a", "b"]
            keys_of("<one>") -> ["one"]
            keys_of("(x|yy|z)") -> ["x", "yy", "z"]
        "#,
        further: r#"keys_of("[p|q]") -> ["p", "q"]"#,
        lines: (1, 1),
    });
}

#[test]
fn a_method_gives_way_to_its_relative() {
    is_repaired(&Fault {
        program: r#"
def shortest_form(number):
    whole, point, part = number.partition(".")
    part = part.lstrip("0")
    return whole + point + part if part else whole
"#,
        cases: r#"
            shortest_form("1.500") -> "1.5"
            shortest_form("2.05") -> "2.05"
            shortest_form("3.000") -> "3"
            shortest_form("4") -> "4"
        "#,
        further: r#"shortest_form("10.0700") -> "10.07""#,
        lines: (1, 1),
    });
}

#[test]
fn an_argument_that_was_dropped_is_given_again() {
    is_repaired(&Fault {
        program: r"
def podium(points):
    return sorted(points)[:3]


def ranking(points):
    return sorted(points, reverse=True)
",
        cases: "
            podium([3, 9, 1, 7]) -> [9, 7, 3]
            podium([2, 5]) -> [5, 2]
            ranking([1, 2]) -> [2, 1]
        ",
        further: "podium([10, 30, 20, 50, 40]) -> [50, 40, 30]",
        lines: (1, 1),
    });
}

#[test]
fn the_wrong_kind_of_exception_is_replaced() {
    is_repaired(&Fault {
        program: r"
def price_of(prices, name):
    try:
        return prices[name]
    except IndexError:
        return 0
",
        cases: r#"
            price_of({"tea": 3}, "tea") -> 3
            price_of({"tea": 3}, "milk") -> 0
            price_of({}, "tea") -> 0
        "#,
        further: r#"price_of({"a": 1, "b": 2}, "c") -> 0"#,
        lines: (1, 1),
    });
}

#[test]
fn a_text_loses_what_was_put_around_it() {
    is_repaired(&Fault {
        program: r#"
def badge(name, is_guest):
    kind = "XXguestXX" if is_guest else "member"
    return f"{name} ({kind})"
"#,
        cases: r#"
            badge("Ida", false) -> "Ida (member)"
            badge("Bo", true) -> "Bo (guest)"
        "#,
        further: r#"badge("Ann", true) -> "Ann (guest)""#,
        lines: (1, 1),
    });
}

#[test]
fn a_return_that_comes_too_early_moves_behind_its_loop() {
    is_repaired(&Fault {
        program: r"
def stock_after(stock, moves):
    for move in moves:
        stock += move
        return stock
",
        cases: "
            stock_after(10, [1]) -> 11
            stock_after(10, [1, 2, -3]) -> 10
            stock_after(5, []) -> 5
        ",
        further: "stock_after(0, [4, 4, 4]) -> 12",
        lines: (1, 1),
    });
}

#[test]
fn a_statement_inside_a_loop_moves_behind_it() {
    is_repaired(&Fault {
        program: r"
def totals(sheets):
    found = []
    for sheet in sheets:
        total = 0
        for value in sheet:
            total += value
            found.append(total)
    return found
",
        cases: "
            totals([[1, 2], [3]]) -> [3, 3]
            totals([[5]]) -> [5]
            totals([[1, 1, 1], [2, 2]]) -> [3, 4]
        ",
        further: "totals([[1, 2, 3, 4], [], [7]]) -> [10, 0, 7]",
        lines: (1, 1),
    });
}

#[test]
fn two_faults_in_two_lines_are_both_repaired() {
    is_repaired(&Fault {
        program: r"
def parcel_price(weight, is_express):
    price = 4
    if weight >= 10:
        price += 3
    if is_express:
        price -= 2
    return price
",
        cases: "
            parcel_price(1, false) -> 4
            parcel_price(10, false) -> 4
            parcel_price(11, false) -> 7
            parcel_price(2, true) -> 6
            parcel_price(12, true) -> 9
        ",
        further: "
            parcel_price(10, true) -> 6
            parcel_price(30, false) -> 7
        ",
        lines: (2, 2),
    });
}

#[test]
fn a_fault_in_a_method_is_repaired() {
    is_repaired(&Fault {
        program: r"
class Queue:
    def __init__(self):
        self.waiting = []
        self.served = 0

    def join(self, name):
        self.waiting.append(name)

    def serve(self):
        self.served += 1
        return self.waiting.pop()


def order_of_service(names):
    queue = Queue()
    for name in names:
        queue.join(name)
    return [queue.serve() for _ in names]
",
        cases: r#"
            order_of_service(["a", "b"]) -> ["a", "b"]
            order_of_service(["a"]) -> ["a"]
            order_of_service(["c", "a", "b"]) -> ["c", "a", "b"]
        "#,
        further: r#"order_of_service(["z", "x", "y", "w"]) -> ["z", "x", "y", "w"]"#,
        lines: (1, 1),
    });
}

#[test]
fn a_constant_of_the_module_is_repaired() {
    is_repaired(&Fault {
        program: r"
MINUTES_OF_AN_HOUR = 61


def clock(minutes):
    hours, rest = divmod(minutes, MINUTES_OF_AN_HOUR)
    return [hours, rest]
",
        cases: "
            clock(59) -> [0, 59]
            clock(60) -> [1, 0]
            clock(125) -> [2, 5]
        ",
        further: "clock(600) -> [10, 0]",
        lines: (1, 1),
    });
}

#[test]
fn a_generator_is_repaired() {
    is_repaired(&Fault {
        program: r"
def batches(items, size):
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) > size:
            yield batch
            batch = []
    if batch:
        yield batch
",
        cases: "
            batches([1, 2, 3, 4], 2) -> [[1, 2], [3, 4]]
            batches([1, 2, 3], 2) -> [[1, 2], [3]]
            batches([], 3) -> []
        ",
        further: "batches([1, 2, 3, 4, 5, 6, 7], 3) -> [[1, 2, 3], [4, 5, 6], [7]]",
        lines: (1, 1),
    });
}

#[test]
fn a_recursion_is_repaired() {
    is_repaired(&Fault {
        program: r"
def deepest(folder):
    depth = 0
    for inner in folder:
        depth = max(depth, deepest(inner))
    return depth
",
        cases: "
            deepest([]) -> 1
            deepest([[]]) -> 2
            deepest([[], [[]]]) -> 3
        ",
        further: "deepest([[[[]]], []]) -> 4",
        lines: (1, 1),
    });
}
