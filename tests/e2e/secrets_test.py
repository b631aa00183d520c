"""Secrets of a pipeline are in no file and in no message, whatever happens to a run and whatever is asked of it."""

import base64
import http.server
import json
import signal
import time
import unittest
import urllib.parse

from harness import EngineTest, HANG_S, HandledServer, ProtocolServer, dead_url, wait_until

# Each with bytes that travel in another form: in URLs, in base64, in JSON.
SECRETS = {
    "environment": "sk-env+7f/3Kq=91",
    "parameter": "sk-par+8a/4Lr=82",
    "header": "hd-key+9b/5Ms=73",
    "password": "pw-url+0c/6Nt=64",
}
USER = "someone"

PIPELINE = """
name: secrets
stop_after_errors: 100%
services:
  teacher:
    use: llm.openai
    with:
      base_url: BASE_URL
      model: test-model
      api_key: API_KEY
      headers: { X-Team-Key: "HEADER" }
      max_retries: 1
      max_in_flight: 4
nodes:
  - { name: documents, use: files.read, with: { path: corpus.jsonl } }
  - { name: questions, use: Doc2Query, save: questions.jsonl, with: { llm: teacher, max_attempts: 1 } }
  - { name: result, use: files.write, with: { path: out.jsonl } }
"""


def quoted(text):
    return urllib.parse.quote(text, safe="")


def forms_of(secret):
    """The bytes by which a secret could be found: as it is, as URLs, JSON and base64 (at any offset) have it."""
    plain = secret.encode()
    forms = {plain, quoted(secret).encode(), quoted(secret).lower().encode(),
             urllib.parse.quote_plus(secret).encode(), json.dumps(secret)[1:-1].encode()}
    for before in (b"", b"x", b"xx"):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # Without the characters at both ends, which hold bits of the neighbours.
            encoded = encode(before + plain)
            forms.add(encoded[4 if before else 0:len(encoded) - 4])
    forms.add(base64.b64encode(f"{USER}:{secret}".encode()).rstrip(b"="))
    return forms


class EchoServer(HandledServer):
    """Refuses every call, and says in full which headers it got: no good manners, and not rare."""

    def __init__(self, status):
        server = self
        self.authorizations = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                server.authorizations.append(self.headers.get("Authorization"))
                said = " ".join(f"{name}: {value}" for name, value in self.headers.items())
                body = json.dumps({"error": {"message": f"refused, you sent {said}"}}).encode()
                self.send_response(status)
                self.send_header("x-ratelimit-of", self.headers.get("Authorization") or "")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        super().__init__(Handler)


def with_password(url, secret=SECRETS["password"]):
    return f"http://{USER}:{quoted(secret)}@{url.removeprefix('http://')}/v1"


class SecretsTest(EngineTest):
    def setUp(self):
        super().setUp()
        self.heard = []  # what the engine said, with the command that it said it to
        self.write_corpus(6)
        # Temporary files are looked at, too.
        (self.folder / "tmp").mkdir()
        self.environment["TMPDIR"] = str(self.folder / "tmp")

    def write_pipeline(self, url, api_key="${OPENAI_API_KEY}"):
        """Everything secret comes from the environment, so that the file itself is none."""
        self.environment.update(OPENAI_API_KEY=SECRETS["environment"], TEAM_KEY=SECRETS["header"],
                                ENDPOINT=url)
        text = PIPELINE.replace("BASE_URL", "${ENDPOINT}").replace("HEADER", "${TEAM_KEY}")
        return self.write("secrets.yaml", text.replace("API_KEY", api_key))

    def engine(self, *command, code=None):
        process = self.run_engine(*command)
        self.heard.append((command, process.stdout, process.stderr))
        if code is not None:
            self.assert_exit(process, code)
        return process

    def assert_nothing_leaked(self, but_in=()):
        places = [(str(path), path.read_bytes()) for path in sorted(self.folder.rglob("*"))
                  if path.is_file() and path.name not in but_in]
        for command, out, error in self.heard:
            places.append((f"stdout of {' '.join(map(str, command))}", out.encode()))
            places.append((f"stderr of {' '.join(map(str, command))}", error.encode()))
        for name, secret in SECRETS.items():
            for form in forms_of(secret):
                for place, text in places:
                    at = text.find(form)
                    self.assertEqual(at, -1, f"the {name} secret is in {place}: "
                                             f"{text[max(0, at - 200):at + 200]!r}")
        return [place for place, _ in places]

    def ask_all_verbs(self, *overlay):
        """Every verb that has to do with a pipeline or a run."""
        pipeline = ["secrets.yaml", *overlay]
        debug = ["--log-level", "debug"]
        self.engine("validate", *pipeline, *debug)
        for form in ("text", "json", "dot", "mermaid"):
            self.engine("plan", *pipeline, "--format", form)
        self.engine("preview", *pipeline, "-n", 2, *debug)
        self.engine("preview", *pipeline, "-n", 2, "--json")
        self.engine("status", "secrets.yaml")
        self.engine("status", "secrets.yaml", "--json")
        self.engine("explain", *pipeline, 0)
        self.engine("explain", *pipeline, 0, "--json")
        self.engine("retry", *pipeline, *debug)
        self.engine("cache", "stats")
        self.engine("cache", "stats", "--json")
        self.engine("cache", "export")
        self.engine("schema")
        self.engine("schema", "--overlay")
        self.engine("operators", "llm.openai")
        self.engine("plugins")
        self.engine("check-models", *pipeline, *debug)
        self.engine("check-models", *pipeline, "--json")

    def run_and_ask(self, url, code, *options):
        self.write_pipeline(url)
        command = ["run", "secrets.yaml", "--progress", "plain", "--log-level", "debug", *options]
        self.engine(*command, code=code)
        self.assert_nothing_leaked()
        self.ask_all_verbs(*options)
        return self.assert_nothing_leaked()

    def test_a_run_that_works(self):
        with ProtocolServer("--api-key", SECRETS["environment"]) as server:
            places = self.run_and_ask(server.url, 0)
        for name in ("state.db", "replies.db", "manifest.json", "out.jsonl", "questions.jsonl"):
            self.assertTrue(any(place.endswith(name) for place in places), name)

    def test_a_password_in_the_url(self):
        with ProtocolServer() as server:
            self.run_and_ask(with_password(server.url), 0)

    def test_a_password_is_sent_all_the_same(self):
        with EchoServer(401) as server:
            self.write_pipeline(with_password(server.url), api_key='""')
            self.engine("run", "secrets.yaml", code=1)
        self.assertEqual(set(server.authorizations),
                         {"Basic " + base64.b64encode(f"{USER}:{SECRETS['password']}".encode()).decode()})
        self.assert_nothing_leaked()

    def test_a_secret_parameter_of_the_command_line(self):
        with ProtocolServer("--api-key", SECRETS["parameter"]) as server:
            self.write_pipeline(server.url)
            setting = f"services.teacher.with.api_key={SECRETS['parameter']}"
            self.engine("run", "secrets.yaml", "--set", setting, code=0)
            self.ask_all_verbs("--set", setting)
        # What the user typed is not what the engine said.
        self.heard = [(command[:2], out, error) for command, out, error in self.heard]
        self.assert_nothing_leaked()

    def test_a_secret_parameter_of_the_file_beside_an_error(self):
        text = f"""
services:
  teacher: {{ use: llm.openai, with: {{ base_url: "{with_password('http://127.0.0.1:9')}", model: m, api_key: {SECRETS['parameter']}, headers: {{ X-Key: "{SECRETS['header']}" }}, max_retries: -1 }} }}
nodes:
  - {{ name: documents, use: files.read, with: {{ path: corpus.jsonl }} }}
  - {{ name: questions, use: Doc2Query, with: {{ llm: teacher }} }}
  - {{ name: result, use: files.write, with: {{ path: out.jsonl }} }}
"""
        self.write("secrets.yaml", text)
        for verb in ("validate", "run", "plan", "preview", "check-models"):
            process = self.engine(verb, "secrets.yaml", code=2)
            self.assertIn("max_retries", process.stderr)
        self.assert_nothing_leaked(but_in=["secrets.yaml"])

    def test_a_url_that_is_none(self):
        for url in (f"{USER}:{quoted(SECRETS['password'])}@127.0.0.1/v1",
                    f"ftp://{USER}:{SECRETS['password']}@127.0.0.1"):
            self.write_pipeline(url)
            for verb in ("validate", "run", "plan", "preview", "check-models"):
                self.engine(verb, "secrets.yaml")
            self.assertIn("is no URL", self.heard[-1][1] + self.heard[-1][2])
        self.assert_nothing_leaked()

    def test_a_refused_key(self):
        with ProtocolServer("--api-key", "another") as server:
            self.run_and_ask(server.url, 1)

    def test_faults(self):
        with ProtocolServer("--status", 500) as server:
            self.run_and_ask(with_password(server.url), 3)
        letters = self.dead_letters("secrets")
        self.assertEqual(len(letters), 6)
        self.assertIn("status 500", letters[0]["reason"])

    def test_dead_letters_and_a_retry(self):
        with ProtocolServer("--truncated-prompts", 50) as server:
            self.run_and_ask(with_password(server.url), 3)

    def test_connection_refused(self):
        self.run_and_ask(with_password(dead_url()), 4)

    def test_endpoints_that_repeat_what_they_were_sent(self):
        # 401 ends the run, 400 makes dead letters with the reply, 500 is asked again.
        for status, code in ((401, 1), (400, 3), (500, 3)):
            with EchoServer(status) as server:
                self.echoed(server.url, code)

    def echoed(self, url, code):
        self.write_pipeline(url)
        self.engine("run", "secrets.yaml", "--fresh", "--log-level", "debug", code=code)
        self.ask_all_verbs()
        self.assert_nothing_leaked()

    def test_ctrl_c_and_what_is_open_then(self):
        with ProtocolServer("--latency-ms", 1000 * HANG_S) as server:
            self.write_pipeline(with_password(server.url))
            process = self.start("run", "secrets.yaml", "--log-level", "debug")
            wait_until(lambda: server.stats()["in_flight"] > 0)
            self.engine("status", "secrets.yaml")
            self.assert_nothing_leaked()  # files of a run that is under way
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)  # two signals at once may be merged into one
            process.send_signal(signal.SIGINT)
            out, error = process.communicate(timeout=HANG_S)
            self.heard.append((("run", "interrupted"), out, error))
            self.assertEqual(process.returncode, 130, out + error)
        self.assert_nothing_leaked()

    def test_what_a_killed_run_leaves(self):
        with ProtocolServer("--latency-ms", 20, "--api-key", SECRETS["environment"]) as server:
            self.write_pipeline(server.url)
            self.write_corpus(200)
            process = self.start("run", "secrets.yaml")
            wait_until(lambda: server.stats()["calls"] > 50 or process.poll() is not None)
            process.kill()
            self.heard.append((("run", "killed"), *process.communicate(timeout=HANG_S)))
        self.assert_nothing_leaked()


if __name__ == "__main__":
    unittest.main()
