"""What the tests of the Tuner's tools share: the modules of the workspace, and a host that hands them a draft."""

from __future__ import annotations

import copy
import hashlib
import json
import unittest
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from luthier import Rng, _host
from luthier._modules import Modules

ROOT = Path(__file__).parents[4]
LEARNING = ROOT / "crates" / "luthier" / "tests" / "learning"

Json = dict[str, Any]


class Tools:
    """`tools/lib/tuning` by the names of its modules, and the functions of `tools/tuner`."""

    def __init__(self, folder: Path = ROOT) -> None:
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes() for path in (folder / "tools").rglob("*.py")
        }
        self._modules = Modules("0123456789abcdef", files)
        self.lib: dict[str, Any] = {}
        self.tuner: dict[str, Any] = {}
        for path in sorted(files):
            name = Path(path).stem
            if path.startswith("tools/lib/tuning/") and name != "__init__":
                imported = self._modules._import(f"lib.tuning.{name}", {}, {}, (name,))
                self.lib[name] = imported
            elif path.startswith("tools/tuner/"):
                self.tuner |= vars(self._modules.run(path, name))

    def close(self) -> None:
        self._modules.close()


class Draft:
    """As the host hands a Tuner's tool its draft, and what went before."""

    def __init__(self, state: Json) -> None:
        self.staging = copy.deepcopy(state)
        self.state = _host.parse_state(json.dumps(state).encode())
        self.rng = Rng(0)
        self.assets: dict[str, bytes] = {}
        self._calls: dict[str, list[Json]] = {}
        self._rewards: dict[str, list[float]] = {}

    def called(self, conversation_id: str, tool: str, arguments: Json, result: Any) -> None:
        """Somebody called a tool of the Runner."""
        call = {"tool": tool, "arguments": arguments, "result": result}
        self._calls.setdefault(conversation_id, []).append(call)

    def earned(self, conversation_id: str, reward: float) -> None:
        """Somebody told how it went."""
        self._rewards.setdefault(conversation_id, []).append(reward)

    def calls(self, conversation_id: str) -> list[Json]:
        return self._calls.get(conversation_id, [])

    def logged(self, tool: str, limit: int) -> list[Json]:
        made = [
            {**call, "conversation_id": name, "reward": sum(rewards) / len(rewards)}
            for name, rewards in self._rewards.items()
            for call in self._calls[name]
            if call["tool"] == tool and "propensity" in call["result"]
        ]
        return made[::-1][:limit]

    def pack(self, values: Sequence[float]) -> Json:
        body = array("d", values).tobytes()
        digest = hashlib.sha256(body).hexdigest()
        self.assets[digest] = body
        return {"asset": digest, "count": len(values)}

    def unpack(self, ref: Json) -> array[float]:
        return array("d", self.assets[ref["asset"]])

    def saved(self) -> Json:
        """The draft as it would be read again."""
        made: Json = json.loads(json.dumps(self.staging, allow_nan=False))
        return made


@unittest.skipUnless((ROOT / "tools").is_dir(), "the repository is not around the package")
class LearningTest(unittest.TestCase):
    """Has the modules of the algorithms, by their names."""

    tools: Tools

    @classmethod
    def setUpClass(cls) -> None:
        cls.tools = Tools()
        cls.addClassCleanup(cls.tools.close)

    def __getattr__(self, name: str) -> Any:
        found = self.tools.lib.get(name)
        if found is None:
            raise AttributeError(name)
        return found

    def again(self, state: Json) -> Json:
        """A state as it is after it was written and read."""
        read: Json = json.loads(json.dumps(state, allow_nan=False))
        self.assertEqual(read, state)
        return read
