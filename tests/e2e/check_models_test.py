"""check-models: each failure by name, with what to do, the exit code that scripts go by, and no trace left."""

import http.server
import json
import os
import signal
import unittest

from harness import BUILD, EngineTest, HANG_S, HandledServer, ProtocolServer, dead_url, wait_until

PIPELINE = """
name: checked
services:
  teacher:
    use: llm.openai
    with:
      base_url: [{urls}]
      model: test-model
      api_key: ${{OPENAI_API_KEY:}}
      max_retries: 100
  corpus: {{ use: bm25.index, with: {{ from: documents, field: text }} }}
nodes:
  - {{ name: documents, use: files.read, with: {{ path: corpus.jsonl }} }}
  - {{ name: questions, use: Doc2Query, with: {{ llm: teacher }} }}
  - {{ name: negatives, use: BM25HardNeg, with: {{ index: corpus }} }}
  - {{ name: result, use: files.write, with: {{ path: out.jsonl }} }}
"""


class ScriptedServer(HandledServer):
    """Answers each request with what `reply(path, body)` gives: status, headers, body."""

    def __init__(self, reply):
        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, text = reply(self.path, body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = answer

        super().__init__(Handler)


def completion(text):
    return json.dumps({"model": "test-model", "usage": {"prompt_tokens": 5, "completion_tokens": 2},
                       "choices": [{"message": {"content": text}, "finish_reason": "stop"}]})


class CheckModelsTest(EngineTest):
    def write_pipeline(self, *urls):
        return self.write("checked.yaml", PIPELINE.format(urls=", ".join(urls)))

    def check(self, code, *urls, options=()):
        """The report as JSON of one call, and what people see of another one."""
        command = ["check-models", self.write_pipeline(*urls), *options]
        machine = self.run_engine(*command, "--json")
        self.assert_exit(machine, code)
        people = self.run_engine(*command)
        self.assert_exit(people, code)
        self.assertEqual([p.name for p in self.folder.iterdir()], ["checked.yaml"])
        report = json.loads(machine.stdout)
        self.assertEqual(report["exit_code"], code)
        self.assertEqual(report["works"], code == 0)
        self.assertEqual([s["name"] for s in report["services"]], ["teacher", "corpus"])
        self.assertEqual(report["services"][1]["outcome"], "passed_over")
        self.assertIn("corpus (bm25.index): no language model, passed over", people.stdout)
        return report["services"][0], " ".join(people.stdout.split())

    def one(self, code, *server_options, options=()):
        with ProtocolServer(*server_options) as server:
            service, text = self.check(code, server.url, options=options)
            self.assertEqual(service["endpoints"][0]["endpoint"], server.url)
        return service["endpoints"][0], text

    def test_all_works(self):
        self.environment["OPENAI_API_KEY"] = "right"
        with ProtocolServer("--api-key", "right") as server:
            service, text = self.check(0, server.url)
            self.assertEqual(server.stats()["calls"], 4)  # two for each of the two commands
        self.assertEqual(service["outcome"], "works")
        endpoint = service["endpoints"][0]
        self.assertIsNone(endpoint["problem"])
        for found in ("reachable", "key_accepted", "model_known", "answer_usable"):
            self.assertIs(endpoint[found], True)
        self.assertEqual(endpoint["structured"], "json_schema")
        self.assertGreater(endpoint["latency_s"], 0)
        self.assertIn(f"{server.url} works", text)
        self.assertRegex(text, r"reachable yes, answered in [0-9.]+ s key accepted model known "
                               r"answer usable, \d+ \+ \d+ tokens for this check structured json_schema")
        self.assertIn("checked.yaml: 1 of 1 language model works", text)

    def test_the_columns_are_aligned(self):
        with ProtocolServer() as server:
            out = self.run_engine("check-models", self.write_pipeline(server.url)).stdout
        rows = [line for line in out.splitlines() if line.startswith("    ")]
        self.assertEqual([row[4:14].rstrip() for row in rows],
                         ["reachable", "key", "model", "answer", "structured"])
        for row in rows:
            self.assertEqual(row[14:16], "  ")
            self.assertNotEqual(row[16], " ")

    def test_wrong_key(self):
        self.environment["OPENAI_API_KEY"] = "sk-wrong-secret"
        endpoint, text = self.one(1, "--api-key", "right")
        self.assertEqual(endpoint["outcome"], "mend")
        self.assertIs(endpoint["reachable"], True)
        self.assertIs(endpoint["key_accepted"], False)
        self.assertIsNone(endpoint["model_known"])
        self.assertIn("key refused", text)
        self.assertIn("status 401 (Incorrect API key provided). Set the service's `api_key`", text)
        self.assertIn("0 of 1 language model works", text)

    def test_no_key(self):
        _, text = self.one(1, "--api-key", "right")
        self.assertIn("key refused: none is sent", text)

    def test_unknown_model(self):
        endpoint, text = self.one(1, "--model", "test-modell")
        self.assertIs(endpoint["key_accepted"], True)
        self.assertIs(endpoint["model_known"], False)
        self.assertEqual(endpoint["models"], ["test-modell"])
        self.assertEqual(endpoint["nearest_models"], ["test-modell"])
        self.assertIn('"test-model" is unknown there did you mean "test-modell"?', text)
        self.assertIn("Set the service's `model` to one that it lists under /v1/models", text)

    def test_simpler_forms_of_structured_output(self):
        endpoint, text = self.one(0, "--refuse-schema")
        self.assertEqual(endpoint["structured"], "json_object")
        self.assertIn("json_schema is refused", endpoint["structured_note"])
        self.assertIn("structured json_object note: json_schema is refused", text)
        endpoint, text = self.one(0, "--refuse-format")
        self.assertEqual(endpoint["structured"], "prompt")
        self.assertIn("structured only by prompt", text)

    def test_a_form_that_the_pipeline_insists_on(self):
        _, text = self.one(1, "--refuse-schema",
                           options=["--set", "services.teacher.with.structured=json_schema"])
        self.assertIn("Set `structured: auto`, or another form", text)

    def test_what_may_pass(self):
        endpoint, text = self.one(4, "--status", 429, "--retry-after", 7)
        self.assertEqual(endpoint["outcome"], "try_later")
        self.assertEqual(endpoint["limits"], {"retry-after": "7"})
        self.assertIn("does not work now", text)
        self.assertIn("It says to try again in 7 s.", text)
        self.assertIn("trying again later may help", text)
        endpoint, text = self.one(4, "--status", 500)
        self.assertIs(endpoint["reachable"], True)
        self.assertIn("status 500", endpoint["problem"])
        self.assertIn("Try again later; a run asks such calls again", text)

    def test_nobody_there(self):
        url = dead_url()
        service, text = self.check(4, url)
        self.assertIs(service["endpoints"][0]["reachable"], False)
        self.assertIn("reachable no", text)
        self.assertIn(f"nothing answers at {url} (", text)
        self.assertIn("Start the server there, or correct `base_url`", text)

    def test_no_such_host(self):
        service, text = self.check(4, "http://no-such-host.invalid/v1")
        self.assertIs(service["endpoints"][0]["reachable"], False)
        self.assertIn("resolve", text)

    def test_a_slow_server_and_the_time_limit(self):
        endpoint, text = self.one(4, "--latency-ms", 1000 * HANG_S, options=["--timeout-s", "0.2"])
        self.assertIsNone(endpoint["latency_s"])
        self.assertIn("or give it more time", text)
        wrong = self.run_engine("check-models", "checked.yaml", "--timeout-s", "soon")
        self.assert_exit(wrong, 2)
        self.assertIn("--timeout-s: expected seconds from 0.001 to 86400, got soon", wrong.stderr)

    def test_two_base_urls_of_which_one_is_dead(self):
        with ProtocolServer() as server:
            service, text = self.check(4, dead_url(), server.url)
        self.assertEqual([e["outcome"] for e in service["endpoints"]], ["try_later", "works"])
        self.assertEqual(service["outcome"], "try_later")
        self.assertIn(f"{server.url} works", text)

    def test_what_must_be_mended_counts_more_than_what_may_pass(self):
        with ProtocolServer("--api-key", "right") as server:
            service, _ = self.check(1, dead_url(), server.url)
        self.assertEqual([e["outcome"] for e in service["endpoints"]], ["try_later", "mend"])

    def test_limits_and_terminal_commands(self):
        def reply(_, body):
            text = '{"ready": true}' if b"readiness" in body else "ready"
            return 200, {"x-ratelimit-limit-requests": "500", "x-ratelimit-reset-tokens": "\x1b[2J6m0s"}, \
                completion(text)
        with ScriptedServer(reply) as server:
            service, text = self.check(0, server.url)
        self.assertEqual(service["endpoints"][0]["limits"]["x-ratelimit-limit-requests"], "500")
        self.assertEqual(service["endpoints"][0]["structured"], "json_schema")
        self.assertIn("limits x-ratelimit-limit-requests: 500 x-ratelimit-reset-tokens: \\x1B[2J6m0s", text)
        self.assertIn("10 + 4 tokens", text)

    def test_a_page_that_is_no_endpoint(self):
        with ScriptedServer(lambda *_: (200, {}, "<html>welcome</html>")) as server:
            _, text = self.check(1, server.url)
        self.assertIn("no completion (not a JSON object, or cut): <html>welcome</html>", text)
        self.assertIn("See whether `base_url` is that of a chat endpoint", text)

    def test_ctrl_c(self):
        with ProtocolServer("--latency-ms", 1000 * HANG_S) as server:
            process = self.start("check-models", self.write_pipeline(server.url))
            wait_until(lambda: server.stats()["in_flight"] > 0)
            process.send_signal(signal.SIGINT)
            out, error = process.communicate(timeout=HANG_S)
        self.assertEqual(process.returncode, 130, out + error)
        self.assertIn("was not asked to the end", out)

    def test_a_wrong_pipeline_is_told_as_validate_tells_it(self):
        pipeline = self.write("wrong.yaml", PIPELINE.format(urls="http://127.0.0.1:9").replace(
            "max_retries", "max_retrys"))
        checked = self.run_engine("check-models", pipeline)
        self.assert_exit(checked, 2)
        self.assertEqual(checked.stderr, self.run_engine("validate", pipeline).stderr)
        self.assertIn("did you mean 'max_retries'?", checked.stderr)

    def test_a_url_that_is_none(self):
        service, text = self.check(2, "localhost")
        self.assertEqual(service["outcome"], "configuration")
        self.assertIn('"localhost" is no URL', text)

    def test_no_language_model_at_all(self):
        pipeline = self.write("plain.yaml", """
nodes:
  - { name: documents, use: files.read, with: { path: none.jsonl } }
  - { name: result, use: files.write, with: { path: out.jsonl } }
""")
        process = self.run_engine("check-models", pipeline)
        self.assert_exit(process, 0)
        self.assertEqual(process.stdout, f"{pipeline}: no service to check: none is a language model\n")

    def local(self, *arguments):
        model = b"GGUF" + (3).to_bytes(4, "little") + bytes(16)
        self.write("tiny.gguf", model)
        args = ", ".join(arguments)
        return self.write("local.yaml", f"""
services:
  teacher:
    use: llm.local
    with: {{ model: {self.folder}/tiny.gguf, server: {BUILD}/bin/stand_in_llama_server, args: [{args}] }}
nodes:
  - {{ name: documents, use: files.read, with: {{ path: corpus.jsonl }} }}
  - {{ name: questions, use: Doc2Query, with: {{ llm: teacher }} }}
  - {{ name: result, use: files.write, with: {{ path: out.jsonl }} }}
""")

    def test_a_local_model_is_started_asked_and_ended(self):
        pids = self.folder / "pids"
        process = self.run_engine("check-models", self.local("--pid-file", str(pids)))
        self.assert_exit(process, 0)
        self.assertIn('teacher (llm.local), model "tiny"', process.stdout)
        self.assertRegex(process.stdout, r"http://127\.0\.0\.1:\d+  works")
        for pid in pids.read_text().split():
            self.assertRaises(ProcessLookupError, os.kill, int(pid), 0)

    def test_a_local_model_that_does_not_start(self):
        process = self.run_engine("check-models", self.local("--refuse-start"))
        self.assert_exit(process, 4)
        self.assertIn("does not start", " ".join(process.stdout.split()))  # it may be broken into lines
        self.assertIn("the stand-in does not want to start", process.stdout)


if __name__ == "__main__":
    unittest.main()
