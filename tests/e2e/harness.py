"""Runs the built engine in a folder of its own, with servers on loopback that end with the test."""

import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

BUILD = pathlib.Path(os.environ["RARE_TEST_BUILD"])
SOURCE = pathlib.Path(os.environ["RARE_TEST_SOURCE"])
ENGINE = BUILD / "bin" / "rare-engine"
PIPELINES = SOURCE / "pipelines"
# Far beyond what a run takes: it only keeps a hang from lasting for ever.
HANG_S = 600


def wait_until(condition):
    """Polls, because what is waited for happens in other processes."""
    end = time.monotonic() + HANG_S
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("what the test waits for did not happen")
        time.sleep(0.02)


def read_jsonl(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def peak_bytes(pid):
    """The most memory that a running process has had at once."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"process {pid} has no memory any more")


def copy_folder(of, to):
    """But for the sockets of runs, which a killed one leaves behind and nobody can copy."""
    shutil.copytree(of, to, ignore=shutil.ignore_patterns("live.sock"))


def passages(count):
    """`count` different passages: those of the sample, again and again with another first sentence."""
    sample = read_jsonl(PIPELINES / "data" / "passages.jsonl")
    for number in range(count):
        passage = sample[number % len(sample)]
        yield {
            "id": f"{passage['id']}-{number}",
            "text": f"This is note {number} of a collection. {passage['text']}",
        }


class ProtocolServer:
    """tests/server/protocol_server with the given options."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            [BUILD / "bin" / "protocol_server", *map(str, options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        word, port = self.process.stdout.readline().split()
        assert word == "port", word
        self.url = f"http://127.0.0.1:{port}"

    def stats(self, slots=64):
        with urllib.request.urlopen(f"{self.url}/stats?slots={slots}") as reply:
            return json.load(reply)

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=HANG_S)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class HandledServer:
    """Answers on a port of its own with an http.server handler."""

    def __init__(self, handler):
        class Silent(handler):
            def log_message(self, *_):
                pass

        class Roomy(http.server.ThreadingHTTPServer):
            request_queue_size = 1024  # of 5, many clients at once would find some dropped

        self.server = Roomy(("127.0.0.1", 0), Silent)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class ChatHandler(http.server.BaseHTTPRequestHandler):
    """Answers each chat with the text that `reply(prompt)` makes of its last message."""

    protocol_version = "HTTP/1.1"
    model = "test-model"

    def reply(self, prompt):
        raise NotImplementedError

    def do_GET(self):
        self.send({"object": "list", "data": [{"id": self.model}]})

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        content = self.reply(request["messages"][-1]["content"])
        self.send({"id": "1", "object": "chat.completion", "model": self.model,
                   "choices": [{"index": 0, "finish_reason": "stop",
                                "message": {"role": "assistant", "content": content}}],
                   "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}})

    def send(self, body):
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def dead_url():
    """A port that nobody listens on: it was free a moment ago."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


class EngineTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rare-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.environment = dict(os.environ, NO_COLOR="1")
        for name in ("RARE_LLM_URL", "RARE_LLM_MODEL", "OPENAI_API_KEY", "RARE_PLUGIN_PATH"):
            self.environment.pop(name, None)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def write_corpus(self, count, name="corpus.jsonl"):
        return self.write(name, "".join(json.dumps(p) + "\n" for p in passages(count)))

    def use_endpoint(self, server):
        self.environment.update(RARE_LLM_URL=server.url, RARE_LLM_MODEL="test-model")

    def start(self, *arguments, **options):
        return subprocess.Popen([ENGINE, *map(str, arguments)], cwd=self.folder,
                                env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    def run_engine(self, *arguments, hang_s=HANG_S):
        """The finished process, with .stdout and .stderr."""
        return subprocess.run([ENGINE, *map(str, arguments)], cwd=self.folder, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=hang_s, check=False)

    def manifest(self, name):
        return json.loads((self.folder / ".rare" / name / "manifest.json").read_text())

    def dead_letters(self, name):
        return read_jsonl(self.folder / ".rare" / name / "dead_letters.jsonl")

    def assert_exit(self, process, code):
        self.assertEqual(process.returncode, code, f"{process.stdout}\n{process.stderr}")
