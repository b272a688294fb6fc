"""The inside of a throwaway namespace: targets that may be hit, one attack, and a look at what it did.

Run as process 1 of new namespaces by `prove.py`; never by itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import mmap
import os
import resource
import secrets
import selectors
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

from header import HERE, STAGE, Attack, read_attack

# How long an attack that is said to hang is watched, and any other is waited for.
HANG_SECONDS = 0.3
END_SECONDS = 20.0
# Between two calls, for what happens while nobody calls.
PAUSE_SECONDS = 0.15
# For effects that come after the end.
LATER_SECONDS = 1.0
SAMPLE_SECONDS = 0.01
TMPFS_BYTES_MAX = 256 << 20
FRAME_BYTES_MAX = 64 << 20

SECRET = "swordfish\n"
SENTINEL = b"untouched"
SEGMENT_KEY = 0x1C0295
HOST_NAME = "luthier-corpus"

CALL, READY, LOADED, LOAD_FAILED, ANSWER, RAISED, LOG, PROGRESS = 4, 32, 33, 34, 35, 36, 39, 40

MS_RDONLY, MS_REMOUNT, MS_BIND = 1, 32, 4096
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def main() -> None:
    name, package = sys.argv[1:]
    attack = read_attack(HERE / "attacks" / f"{name}.py")
    _build_stage(Path(package))
    targets = Targets()
    trace = Run(attack, targets).watch()
    print(json.dumps(trace))


# --- The stage -------------------------------------------------------------------------------


def _mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    words = (source.encode(), target.encode(), kind.encode(), flags, options.encode())
    if libc.mount(*words) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount {target}: {os.strerror(number)}")


def _build_stage(package: Path) -> None:
    """Everything that can be written is in memory, and ends with the namespace."""
    tmpfs = f"size={TMPFS_BYTES_MAX},mode=1777"
    _mount("stage", str(STAGE), "tmpfs", 0, tmpfs)
    for name, source in (("corpus", HERE), ("package", package)):
        (STAGE / name).mkdir()
        _mount(str(source), str(STAGE / name), "", MS_BIND)
        _mount("", str(STAGE / name), "", MS_BIND | MS_REMOUNT | MS_RDONLY)
    _mount("", "/", "", MS_BIND | MS_REMOUNT | MS_RDONLY | (os.statvfs("/").f_flag & ~MS_RDONLY & 0x40E))
    for folder in ("/tmp", "/var/tmp", "/dev/shm"):
        if os.path.isdir(folder):
            _mount("stage", folder, "tmpfs", 0, tmpfs)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        loopback = fcntl.ioctl(line, SIOCGIFFLAGS, struct.pack("16sh14x", b"lo", 0))
        flags = struct.unpack("16sh14x", loopback)[1] | IFF_UP
        fcntl.ioctl(line, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Targets:
    """What an attack may hit."""

    def __init__(self) -> None:
        self.play = STAGE / "play"
        self.home = STAGE / "home"
        self.secret = STAGE / "secrets" / "secret.txt"
        for folder in (self.play, self.home / ".ssh", self.home / ".aws", self.secret.parent):
            folder.mkdir(parents=True)
        self.secret.write_text(SECRET)
        (self.home / ".ssh" / "id_ed25519").write_text("a key\n")
        (self.home / ".aws" / "credentials").write_text("another key\n")
        self.secret_before = self._secret_now()
        self.contact_bytes = 0
        self.sockets = self._listen()
        self.environment = {
            "PATH": os.environ.get("PATH", ""), "HOME": str(self.home), "PYTHONPATH": str(STAGE / "package"),
            "PYTHONDONTWRITEBYTECODE": "1", "CORPUS_TOKEN": "a token",
        }  # fmt: skip
        self.victim_is = "alive"
        self.victim = subprocess.Popen(
            ["sleep", "60"], stdin=subprocess.PIPE, env=self.environment, start_new_session=True
        )

    def _listen(self) -> list[socket.socket]:
        tcp = socket.create_server(("127.0.0.1", 0))
        self.port = tcp.getsockname()[1]
        tcp6 = socket.create_server(("::1", self.port), family=socket.AF_INET6)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", self.port))
        self.socket = str(STAGE / "neighbour.sock")
        unix = socket.socket(socket.AF_UNIX)
        unix.bind(self.socket)
        notes = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notes.bind(f"{self.socket}.notes")
        self.abstract = "luthier-corpus-neighbour"
        named = socket.socket(socket.AF_UNIX)
        named.bind("\0" + self.abstract)
        for server in (unix, named):
            server.listen()
        return [tcp, tcp6, udp, unix, notes, named]

    def arguments(self, names: list[str]) -> dict[str, Any]:
        known = {
            "play": str(self.play), "secret": str(self.secret), "port": self.port,
            "victim": self.victim.pid, "socket": self.socket, "abstract": self.abstract,
        }  # fmt: skip
        return {name: known[name] for name in names}

    def _secret_now(self) -> tuple[Any, ...] | None:
        try:
            facts = self.secret.stat()
            names = tuple(os.listxattr(self.secret))
            return facts.st_mode, facts.st_uid, facts.st_mtime_ns, self.secret.read_text(), names
        except OSError:
            return None

    def is_secret_changed(self) -> bool:
        return self._secret_now() != self.secret_before

    def victim_state(self) -> str:
        if self.victim_is == "killed":
            return "killed"
        pid, status = os.waitpid(self.victim.pid, os.WNOHANG | os.WUNTRACED)
        if pid:
            self.victim_is = "stopped" if os.WIFSTOPPED(status) else "killed"
        return self.victim_is


class _Seen(Exception):
    """The attack has succeeded; what it does from now on is of no interest."""


# --- One run ---------------------------------------------------------------------------------


class Run:
    """An attack in a process of its own, and what is seen of it from outside."""

    def __init__(self, attack: Attack, targets: Targets) -> None:
        self.attack, self.targets = attack, targets
        self.is_to_hang = attack.effect[0] in ("hangs", "lingers")
        self.output_bytes = self.told_bytes = 0
        self.peak = {"processes": 0, "threads": 0, "descriptors": 0}
        self.is_forged = self.is_broken = False
        self.verdict, self.value = "", None
        self.status: int | None = None
        self.memory_kib = 0
        self.buffer = bytearray()
        self.answered: dict[int, tuple[int, bytes]] = {}
        self.selector = selectors.DefaultSelector()
        self._start()

    def _start(self) -> None:
        self.channel, theirs = socket.socketpair()
        self.shared_file = os.memfd_create("shared")
        os.ftruncate(self.shared_file, mmap.PAGESIZE)
        self.shared = mmap.mmap(self.shared_file, mmap.PAGESIZE)
        self.shared[: len(SENTINEL)] = SENTINEL
        self.token = secrets.token_hex(8)
        path = STAGE / "corpus" / "attacks" / f"{self.attack.name}.py"
        orders = {
            "channel": theirs.fileno(), "shared": self.shared_file, "token": self.token, "path": str(path),
            "name": self.attack.name, "is_fresh": self.attack.is_fresh,
        }  # fmt: skip
        self.process = subprocess.Popen(
            [os.path.realpath(sys.executable), "-S", str(STAGE / "corpus" / "driver.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.targets.play,
            env={**self.targets.environment, "CORPUS_ORDERS": json.dumps(orders)},
            pass_fds=(theirs.fileno(), self.shared_file),
            start_new_session=True,
        )
        theirs.close()
        self.stderr_end = b""
        self.selector.register(self.channel, selectors.EVENT_READ, self._hear)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            os.set_blocking(stream.fileno(), False)
            self.selector.register(stream, selectors.EVENT_READ, self._read_output)
        for server in self.targets.sockets:
            self.selector.register(server, selectors.EVENT_READ, self._meet)

    def watch(self) -> dict[str, Any]:
        sampler = threading.Thread(target=self._sample, daemon=True)
        sampler.start()
        with contextlib.suppress(_Seen):
            self._play()
        later = time.monotonic() + LATER_SECONDS
        while not (succeeded := self._has_effect()) and time.monotonic() < later:
            self._turn(0.02)
        return {
            "succeeded": succeeded, "verdict": self.verdict, "value": self.value, "status": self.status,
            "output_bytes": self.output_bytes, "told_bytes": self.told_bytes, "peak": self.peak,
            "memory_mib": self.memory_kib >> 10, "stderr": self.stderr_end.decode(errors="replace")[-600:],
        }  # fmt: skip

    def _play(self) -> None:
        if not self._until(lambda: 0 in self.answered, END_SECONDS):
            self.verdict = self.verdict or "did not start"
            return
        if not self._await(1):
            return
        if self.answered[1][0] == LOAD_FAILED:
            self.verdict, self.value = "load-failed", self.answered[1][1].decode()
            return
        arguments = json.dumps(self.targets.arguments(self.attack.takes)).encode()
        for call in range(2, 2 + self.attack.calls):
            rest = struct.pack("<BQI", CALL, call, 2) + b"{}" + arguments
            with contextlib.suppress(OSError):
                self.channel.sendall(struct.pack("<I", len(rest)) + rest)
            if not self._await(call):
                return
            self._take_answer(call)
            if self.attack.calls > 1:
                self._until(lambda: self.status is not None, PAUSE_SECONDS)
            if self.verdict != "value":
                break
        with contextlib.suppress(OSError):
            self.channel.shutdown(socket.SHUT_WR)
        seconds = HANG_SECONDS if self.is_to_hang else END_SECONDS
        if not self._until(lambda: self.status is not None, seconds):
            self.verdict = "lingers"

    def _await(self, call: int) -> bool:
        """Waits for an answer; says otherwise how it ended."""
        seconds = HANG_SECONDS if self.is_to_hang else END_SECONDS
        self._until(lambda: call in self.answered or self.status is not None or self.is_broken, seconds)
        if call in self.answered:
            return True
        if self.status is not None:
            self._turn(0.05)
            if call in self.answered:
                return True
            self.is_broken = True
            killed = os.WIFSIGNALED(self.status)
            code = os.WTERMSIG(self.status) if killed else os.WEXITSTATUS(self.status)
            self.verdict = f"{'killed' if killed else 'exits'} {code}"
        else:
            self.verdict = "broken" if self.is_broken else "hangs"
        return False

    def _take_answer(self, call: int) -> None:
        kind, body = self.answered[call]
        if kind == RAISED:
            self.verdict, self.value = "raised", body.decode(errors="replace")[-400:]
            return
        self.verdict = "value"
        try:
            value = json.loads(body)
        except ValueError:
            self.is_broken = True
            value = repr(body[:80])
        self.value = value if len(body) < 400 else f"{len(body)} bytes"

    # --- What is heard ---

    def _until(self, is_over: Any, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not (is_over() or self._has_effect()):
            left = end - time.monotonic()
            if left <= 0:
                return False
            self._turn(min(left, 0.02))
        return is_over() or self._give_up()

    def _give_up(self) -> NoReturn:
        raise _Seen

    def _turn(self, seconds: float) -> None:
        for key, _ in self.selector.select(seconds):
            key.data(key.fileobj)
        if self.status is None:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                self.process.returncode = self.status = status
                self.memory_kib = max(self.memory_kib, usage.ru_maxrss)

    def _read_output(self, stream: Any) -> None:
        block = os.read(stream.fileno(), 1 << 20)
        if not block:
            self.selector.unregister(stream)
        self.output_bytes += len(block)
        if stream is self.process.stderr:
            self.stderr_end = (self.stderr_end + block)[-2000:]

    def _meet(self, server: socket.socket) -> None:
        if server.type == socket.SOCK_DGRAM:
            self.targets.contact_bytes += len(server.recv(65536))
            return
        visitor, _ = server.accept()
        visitor.setblocking(False)
        self.selector.register(visitor, selectors.EVENT_READ, self._hear_visitor)

    def _hear_visitor(self, visitor: socket.socket) -> None:
        with contextlib.suppress(OSError):
            block = visitor.recv(65536)
            self.targets.contact_bytes += len(block)
            if block:
                return
        self.selector.unregister(visitor)
        visitor.close()

    def _hear(self, channel: socket.socket) -> None:
        try:
            block = channel.recv(1 << 20)
        except OSError:
            block = b""
        if not block:
            self.selector.unregister(channel)
            return
        self.told_bytes += len(block)
        self.buffer += block
        while len(self.buffer) >= 17 and not self.is_broken:
            length, kind, call, head = struct.unpack_from("<IBQI", self.buffer)
            if not 13 <= length <= FRAME_BYTES_MAX or head > length - 13:
                # Frames that are merely too large are told by their size.
                self.is_broken = True
                return
            if len(self.buffer) < length + 4:
                return
            header, body = bytes(self.buffer[17 : 17 + head]), bytes(self.buffer[17 + head : length + 4])
            del self.buffer[: length + 4]
            self._take(kind, call, header, body)

    def _take(self, kind: int, call: int, header: bytes, body: bytes) -> None:
        if kind in (LOG, PROGRESS):
            return
        told = json.loads(header)
        if told.get("token") != self.token:
            self.is_forged = self.is_forged or call not in self.answered
            return
        if kind == ANSWER:
            body = body[: len(body) - told["session_bytes"]]
        self.answered[call] = (kind, header if kind in (RAISED, LOAD_FAILED) else body)

    def _sample(self) -> None:
        own = f"/proc/{self.process.pid}"
        while True:
            with contextlib.suppress(OSError):
                self._note("processes", sum(name.isdigit() for name in os.listdir("/proc")))
                self._note("threads", len(os.listdir(f"{own}/task")))
                self._note("descriptors", len(os.listdir(f"{own}/fd")))
                for line in Path(f"{own}/status").read_text().splitlines():
                    if line.startswith("VmHWM:"):
                        self.memory_kib = max(self.memory_kib, int(line.split()[1]))
            time.sleep(SAMPLE_SECONDS)

    def _note(self, what: str, count: int) -> None:
        self.peak[what] = max(self.peak[what], count)

    # --- What it did ---

    def _has_effect(self) -> bool:
        effect, *rest = self.attack.effect
        word = rest[0] if rest else ""
        match effect:
            case "escaped":
                return isinstance(self.value, str) and self.value.startswith("escaped:")
            case "hangs" | "lingers":
                return self.verdict == effect
            case "held":
                return self.verdict in ("raised", "load-failed")
            case "breaks":
                return self.is_broken
            case "forged":
                return self.is_forged
            case "contact":
                return self.targets.contact_bytes > 0
            case "file":
                return (self.targets.play / word).exists()
            case "processes" | "threads" | "descriptors":
                return self.peak[effect] >= int(word)
            case "memory":
                return self.memory_kib >> 10 >= int(word)
            case "output":
                return self.output_bytes >= int(word)
            case "told":
                return self.told_bytes >= int(word)
            case "exits" | "killed":
                return self.verdict == " ".join(self.attack.effect)
            case "victim":
                return self.targets.victim_state() == word
            case "secret":
                return self.targets.is_secret_changed()
            case "shared":
                return not self.shared[:].startswith(SENTINEL)
            case "host":
                return os.uname().nodename == HOST_NAME
            case "segment":
                lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
                return any(int(line.split()[0]) == SEGMENT_KEY for line in lines)
            case _:
                raise AssertionError(effect)


if __name__ == "__main__":
    main()
