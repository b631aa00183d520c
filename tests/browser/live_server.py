"""A run as the live page sees it, without an engine: a server whose answers a test scripts."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

POLICY = ("default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
          "base-uri 'none'; form-action 'none'")
EVIL = "</script><img src=x onerror=\"document.documentElement.dataset.evil='yes'\">"


def chain(count):
    """COUNT nodes: some in a row, the others side by side in rows of five."""
    nodes = []
    for i in range(count):
        kind = "source" if i == 0 else "sink" if i == count - 1 else "async" if i % 3 == 1 else "operator"
        above = [] if i == 0 else [max(0, i - 5)] if count > 10 and i < count - 1 else [i - 1]
        if count > 10 and i % 20 == 19:
            above.append(i - 2)
        nodes.append({"name": f"node{i}", "use": "basic.map", "kind": kind, "parallelism": 1 if i == 0 else 64,
                      "inputs": [{"node": f"node{a}", "port": "out"} for a in sorted(set(above))], "ports": [] if kind == "sink" else ["out"],
                      "services": ["teacher"] if kind == "async" else [], "with": {"where": ".id > 3", "model": "small"}})
    return nodes


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        run = self.server.run
        if run.gone:
            self.close_connection = True
            return None
        address = urlsplit(self.path)
        words = {name: values[0] for name, values in parse_qs(address.query).items()}
        if address.path == "/":
            return self.send(200, gzip.compress(run.page), "text/html; charset=utf-8",
                             {"Content-Encoding": "gzip", "Content-Security-Policy": POLICY})
        run.asked.append(address.path)
        if run.token and words.get("token") != run.token:
            return self.send_json(403, {"error": "the token is missing or wrong"})
        answer = getattr(run, address.path.removeprefix("/api/"), None) if address.path.startswith("/api/") else None
        if answer is None:
            return self.send_json(404, {"error": f"there is no {address.path}"})
        self.send_json(200, answer(words))

    def send_json(self, status, value):
        self.send(status, json.dumps(value).encode(), "application/json", {})

    def send(self, status, body, kind, more):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class LiveServer:
    """Serves PAGE and a run of NODES; each question about progress moves it on by a second."""

    def __init__(self, page, nodes, token="", hostile=False):
        self.nodes, self.token, self.hostile = nodes, token, hostile
        self.page = page.read_bytes()
        self.asked, self.state, self.second, self.gone = [], "running", 3, False
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # a browser that is closed leaves its connections
        self.server.daemon_threads = True
        self.server.run = self
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/" + (f"?token={token}" if token else "")

    def end(self):
        """As a process that ends: nothing is answered any more."""
        self.gone = True

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def text(self, dull):
        return EVIL if self.hostile else dull

    def run(self, _):
        return {"engine_version": "1.0.0", "name": self.text("rare"), "run_id": "r1", "state_folder": ".rare/rare", "started": "2026-11-27T10:00:00Z",
                "pid": 123, "nodes": self.nodes, "services": [{"name": "teacher", "use": "llm.openai", "with": {"model": "small", "api_key": "***"}}],
                "config": f"name: {self.text('rare')}\nnodes:\n  - name: node0\n"}

    def progress(self, _):
        self.second += 1
        s, nodes = self.second, {}
        for i, node in enumerate(self.nodes):
            status = ("busy", "blocked", "starved", "idle")[i % 4]
            nodes[node["name"]] = {"in_flight": 40 if i % 4 < 2 else 0, "parallelism": node["parallelism"], "done": 75 * s - i, "filtered": i, "dropped": 0,
                                   "dead": 2 if i == 1 else 0, "done_per_s": 75.2, "latency_ms": {"p50": 12.5, "p90": 800.0, "p99": 12000.0},
                                   "status": status}
            if status == "blocked":
                nodes[node["name"]]["waits_for"] = self.text("teacher: throttled for 3 s")
        return {"elapsed_s": float(s), "state": self.state, "read": 75 * s + 96, "finished": 75 * s, "filtered": 3, "dead": 2, "in_flight": 96,
                "ledger": {"read": 75 * s, "made": 0, "copied": 75 * s, "written": 150 * s - 5, "filtered": 3, "merged": 0, "dropped": 0, "dead": 2},
                "input_share": min(1.0, 0.2 + s / 300), "finished_per_s": 75.1, "left_s": [100, 140], "memory_bytes": 300 << 20, "nodes": nodes,
                "services": {"teacher": {"calls": 75 * s, "calls_per_s": 75.0, "tokens": 9000 * s, "prompt_tokens": 6000 * s, "completion_tokens": 3000 * s,
                                         "tokens_per_s": 9000.0, "throttled": 7, "retries": 8, "cache_hits": 9, "cost": 0.01 * s,
                                         "activity": self.text("throttled for 3 s"), "in_flight": 60, "limit": 64,
                                         "latency_ms": {"p50": 400.0, "p90": 900.0, "p99": 2000.0}}}}

    def history(self, words):
        after = float(words.get("after", 0))
        return {"nodes": [n["name"] for n in self.nodes], "services": ["teacher"], "points": [
            {"elapsed_s": float(s), "finished": 75 * s + 20 * (s % 7), "dead": 2, "in_flight": 90 + s % 5, "nodes": [75 * s for _ in self.nodes],
             "services": [[75 * s, 50 + s % 14, 64, 9000 * s, 0.01 * s, 400.0 + s, 2000.0 if s % 3 else None]]}
            for s in range(1, self.second + 1) if s > after]}

    def dead(self, _):
        return {"reasons": [{"node": "node1", "reason": self.text("the reply is no JSON"), "records": 2, "samples": [
            {"id": self.text("node0:17"), "fields": {"text": self.text("A passage"), "n": [1, 2]}, "message": self.text("expected '{'")}]}]}

    def tap(self, words):
        first = int(words.get("after", self.second * 3 - 3))
        return {"next": self.second * 3, "passed": 75 * self.second, "samples": [
            {"seq": seq, "elapsed_s": seq / 3, "id": f"node0:{seq}", "port": "out", "record": {
                self.text("question"): self.text("Why is the sky blue?"), "text": "A passage about light. " * 200, "rank": seq}, "cut": True}
            for seq in range(first, self.second * 3)]}

    def log(self, words):
        levels = ("info", "debug", "warning", "error")
        return {"next": self.second, "lines": [{"seq": seq, "time": "10:00:01", "level": levels[seq % 4], "component": "teacher",
                                                "message": self.text("a line of the log")} for seq in range(int(words.get("after", 0)), self.second)]}
