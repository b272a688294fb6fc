"""Runs a deployment without containers: `ci/rehearse.py LUTHIER NATS_SERVER MOTO_SERVER HAPROXY`.

The roles are started as `deploy/topology.toml` says, on the journal of `deploy/config/nats.conf` and
behind the proxy of `deploy/config/haproxy.cfg`; only ports, folders and the look-up of names are this
machine's. Each path must reach its role, a Runner that leaves as on a cluster must not cost a call, and
one that is killed no more than were on their way to it.
"""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
TOKEN = "a-token-for-a-rehearsal"
WAIT_S_MAX = 60
SESSIONS = 8
RUNNERS = ["127.0.0.1", "127.0.0.2"]
# A path of each role that answers 200 when there is a first version.
PATHS = {
    "tuner": "/agent/active/state/active",
    "architect": "/agent/active/architect/jobs",
    "versions": "/versions",
    "console": "/events?limit=1",
}


def main():
    luthier, nats, moto, haproxy = map(os.path.abspath, sys.argv[1:5])
    topology = tomllib.loads((ROOT / "deploy/topology.toml").read_text())
    roles = {role["name"]: role for role in topology["role"]}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        stage = Stage(Path(folder), running, luthier, roles)
        stage.start_stores(nats, moto)
        for name, role in roles.items():
            if name != "runner":
                stage.start_role(role, "127.0.0.1")
        runners = {address: stage.start_role(roles["runner"], address) for address in RUNNERS}
        stage.start_proxy(haproxy)
        for name, path in PATHS.items():
            expect(f"{name} behind the proxy", stage.ask(path), 200)
        expect("a version that is not there", stage.ask("/agent/9.9.9/state/active"), 404)
        expect("metrics behind the proxy", stage.ask("/metrics"), 404)

        for address in RUNNERS:
            with Callers(stage) as callers:
                callers.wait_for(SESSIONS * 2)
                # As on a cluster: its address is taken away before it is told to stop.
                stage.tell_proxy(f"set server runner/runner-{address} state drain")
                callers.wait_for(SESSIONS * 2)
                runners[address].terminate()
                expect(f"the Runner at {address} ends", runners[address].wait(WAIT_S_MAX), 0)
                callers.wait_for(SESSIONS * 10)
            expect("calls that failed while it stopped", callers.failed, [])
            print(f"rehearse: {callers.answered} calls while {address} stopped, none failed")
            runners[address] = stage.start_role(roles["runner"], address)
            stage.tell_proxy(f"set server runner/runner-{address} state ready")
            wait_until(f"the Runner at {address} behind the proxy", lambda: stage.is_up(address))

        for number, address in [(signal.SIGTERM, RUNNERS[0]), (signal.SIGKILL, RUNNERS[1])]:
            with Callers(stage) as callers:
                callers.wait_for(SESSIONS * 2)
                runners[address].send_signal(number)
                runners[address].wait(WAIT_S_MAX)
                callers.wait_for(SESSIONS * 10)
            # What was on its way to it may fail, once for each session.
            failed = len(callers.failed)
            expect(f"calls that failed are few ({failed})", failed <= SESSIONS, True)
            print(f"rehearse: {failed} of {callers.answered} calls failed at a sudden {number.name}")
            runners[address] = stage.start_role(roles["runner"], address)
            wait_until(f"the Runner at {address} behind the proxy", lambda: stage.is_up(address))
    print("rehearse: ok")


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"rehearse: {what}: {found!r} instead of {wanted!r}")


def wait_until(what, holds):
    until = time.monotonic() + WAIT_S_MAX
    while not holds():
        if time.monotonic() > until:
            sys.exit(f"rehearse: {what} did not come about within {WAIT_S_MAX} s")
        time.sleep(0.05)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def status(address, port, path, method="GET", body=None, headers=None):
    """The status and the headers of an answer; 0 where there is none."""
    connection = http.client.HTTPConnection(address, port, timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers
    except (OSError, http.client.HTTPException):
        return 0, {}
    finally:
        connection.close()


class Stage:
    """Everything that runs, and where."""

    def __init__(self, folder, running, luthier, roles):
        self.folder, self.running, self.luthier = folder, running, luthier
        self.ports = {name: free_port() for name in [*roles, "nats", "monitor", "s3", "proxy"]}
        subprocess.run(
            [luthier, "init", "workspace", "--template", "stateless"],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def start(self, name, command, environment=None):
        log = self.running.enter_context(open(self.folder / f"{name}.log", "ab"))
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **(environment or {})}
        process = subprocess.Popen(command, cwd=self.folder, env=env, stdout=log, stderr=log)
        self.running.callback(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def config(self, name, *changes):
        text = (ROOT / "deploy/config" / name).read_text()
        for pattern, instead in changes:
            text, count = re.subn(pattern, instead, text)
            if count == 0:
                sys.exit(f"rehearse: deploy/config/{name} has no {pattern}")
        (self.folder / name).write_text(text)
        return str(self.folder / name)

    def start_stores(self, nats, moto):
        config = self.config(
            "nats.conf",
            (r"0\.0\.0\.0:4222", f"127.0.0.1:{self.ports['nats']}"),
            (r"0\.0\.0\.0:8222", f"127.0.0.1:{self.ports['monitor']}"),
            ('"/data"', f'"{self.folder}/nats"'),
            ('"/tmp/nats.pid"', f'"{self.folder}/nats.pid"'),
        )
        passwords = {"NATS_PASSWORD": "journal", "NATS_SYSTEM_PASSWORD": "system"}
        self.start("nats", [nats, "-c", config], {"NATS_NAME": "nats-0", **passwords})
        self.wait_for_health("nats", "127.0.0.1", self.ports["monitor"], "/healthz")
        port = self.ports["s3"]
        self.start("s3", [moto, "-H", "127.0.0.1", "-p", str(port)])
        scope = "Credential=a/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=a"
        signed = {"Authorization": f"AWS4-HMAC-SHA256 {scope}"}

        def is_made():
            return status("127.0.0.1", port, "/luthier", "PUT", headers=signed)[0] == 200

        wait_until("the bucket", is_made)

    def start_role(self, role, address):
        name, port = role["name"], self.ports[role["name"]]
        own = role["data"] == "own"
        data = self.folder / (f"{name}-{address}" if own else role["data"])
        command = [self.luthier, "serve", name, "--bind", address, "--port", str(port)]
        command += ["--data", str(data)]
        if role["workspace"]:
            command += ["--workspace", str(self.folder / "workspace")]
        nats, s3 = (f"127.0.0.1:{self.ports[it]}" for it in ("nats", "s3"))
        environment = {
            "LUTHIER_HTTP_TOKENS": TOKEN,
            "LUTHIER_JOURNAL_NATS": f"nats://luthier:journal@{nats}",
            "LUTHIER_JOURNAL_NATS_SYSTEM": f"nats://system:system@{nats}",
            "LUTHIER_JOURNAL_REPLICAS": "1",
            "LUTHIER_VAULT_S3": "s3://luthier",
            "LUTHIER_VAULT_ENDPOINT": f"http://{s3}",
            "LUTHIER_VAULT_PATH_STYLE": "true",
            "LUTHIER_RUNNER_WORKERS": "2",
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "a",
        }
        process = self.start(f"{name}-{address}", command, environment)
        self.wait_for_health(f"{name}-{address}", address, port, "/readyz", process)
        return process

    def wait_for_health(self, name, address, port, path, process=None):
        def holds():
            if process is not None and process.poll() is not None:
                sys.exit(f"rehearse: {name} ended:\n{(self.folder / f'{name}.log').read_text()}")
            return status(address, port, path)[0] == 200

        wait_until(f"{path} of {name}", holds)

    def start_proxy(self, haproxy):
        """Names are looked up by nobody here: each is an address."""

        def servers(line):
            name, port = line[1], self.ports[line[1]]
            addresses = RUNNERS if name == "runner" else RUNNERS[:1]
            return "\n  ".join(f"server {name}-{it} {it}:{port}{line[2]}" for it in addresses)

        config = self.config(
            "haproxy.cfg",
            (r'server-template (\w+) \d+ "[^"]*"(.*)', servers),
            (r" resolvers names init-addr none", ""),
            (r"\nglobal\n", f"\nglobal\n  stats socket {self.folder}/proxy.sock level admin\n"),
            (r"bind :8080", f"bind 127.0.0.1:{self.ports['proxy']}"),
        )
        self.start("proxy", [haproxy, "-db", "-f", config])
        self.wait_for_health("proxy", "127.0.0.1", self.ports["proxy"], "/healthz")
        for path in PATHS.values():
            wait_until(f"{path} behind the proxy", lambda: self.ask(path) == 200)

    def ask(self, path):
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return status("127.0.0.1", self.ports["proxy"], path, headers=headers)[0]

    def tell_proxy(self, line):
        with socket.socket(socket.AF_UNIX) as proxy:
            proxy.connect(str(self.folder / "proxy.sock"))
            proxy.sendall(f"{line}\n".encode())
            proxy.shutdown(socket.SHUT_WR)
            return proxy.makefile().read()

    def is_up(self, address):
        wanted = ["runner", f"runner-{address}"]
        rows = [row.split(",") for row in self.tell_proxy("show stat").splitlines()]
        return any(row[:2] == wanted and row[17] == "UP" for row in rows)

    def call(self, session, method, parameters):
        headers = {
            "Authorization": f"Bearer {TOKEN}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2025-11-25",
        }
        if session:
            headers["Mcp-Session-Id"] = session
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        port = self.ports["proxy"]
        return status(
            "127.0.0.1", port, "/agent/active/runner", "POST", json.dumps(body), headers
        )


class Callers:
    """Clients that call without a pause, each in a session of its own."""

    def __init__(self, stage):
        self.stage, self.answered, self.failed = stage, 0, []
        self.lock, self.stop = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(SESSIONS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def run(self):
        client = {"name": "rehearse", "version": "1"}
        opening = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}
        found, headers = self.stage.call(None, "initialize", opening)
        session = headers.get("Mcp-Session-Id")
        while not self.stop.is_set():
            with self.lock:
                self.answered += 1
                if found != 200:
                    self.failed.append(found)
            found, _ = self.stage.call(session, "tools/list", {})

    def wait_for(self, count):
        """So many more answers."""
        wanted = self.answered + count
        wait_until(f"{count} calls", lambda: self.answered >= wanted)


if __name__ == "__main__":
    main()
