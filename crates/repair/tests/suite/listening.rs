//! What hangs is ended, and what only takes its time is not.

use crate::support::succeeds;

/// A silence that is shorter than all tests together, and longer than one.
const SLOW: &str = r#"
import io, json, pathlib, sys, tempfile

sys.path.insert(0, sys.argv[1])
from luthier_repair import session

session.SILENCE_SECONDS = 0.5
TEXT = "import time\n\ndef waited(seconds):\n    time.sleep(seconds)\n    return 1\n"
COUNT = 8

with tempfile.TemporaryDirectory() as folder:
    file = pathlib.Path(folder, "waiting.py")
    file.write_text(TEXT)
    answers = io.BytesIO()
    case = {"call": "waited", "args": [0.1], "expect": 1}
    about = {"kind": "cases", "file": str(file), "module": "waiting", "text": TEXT, "paths": []}
    session = session.Session({**about, "cases": [case] * COUNT}, answers)
    bounds = {"seconds": 0.01, "wall": 0.0, "seconds_left": 60, "candidates": [[]]}
    places = list(range(1, COUNT))
    tests = {"failing": [0], "passing": places, "skipped": [], "steps": [99] * COUNT, "near": [0] * COUNT}
    session.carry_out({"do": "attempts", **tests, **bounds})
    calls = [["waited", "[[0.1], {}]"]] * COUNT
    session.carry_out({"do": "calls", "path": str(file), "calls": calls, "steps": 99, **bounds})

tried, done, called, _ = map(json.loads, answers.getvalue().splitlines())
assert tried[:2] == [0, "P" * COUNT], tried
assert called == [0, ["=1"] * COUNT, 0], called
"#;

#[test]
fn many_tests_and_calls_that_wait_are_no_silence() {
    succeeds(SLOW);
}
