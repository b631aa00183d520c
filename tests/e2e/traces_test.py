"""`--traces`: spans of records at a collector, read by OpenTelemetry's own protocol."""

import base64
import http.server
import json
import os
import re
import sys
import threading
import unittest
from collections import Counter, defaultdict

from harness import PIPELINES, EngineTest, HandledServer, ProtocolServer, dead_url

PEER = os.environ.get("RARE_TRACES_PEER", "")
if PEER:
    sys.path.insert(0, PEER)
    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def collector(answers=()):
    """A handler that keeps what is posted; its first answers are the given codes."""
    class Collector(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        bodies, paths, headers_seen = [], [], []
        left, lock = list(answers), threading.Lock()

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with self.lock:
                code = self.left.pop(0) if self.left else 200
                self.paths.append(self.path)
                self.headers_seen.append(dict(self.headers))
                if code == 200:
                    self.bodies.append(json.loads(body))
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

    return Collector


def attributes_of(span):
    return {entry["key"]: next(iter(entry["value"].values())) for entry in span.get("attributes", [])}


class TracesTest(EngineTest):
    def setUp(self):
        super().setUp()
        for name in [name for name in self.environment if name.startswith("OTEL_")]:
            del self.environment[name]

    def traced(self, documents, *arguments, server=()):
        corpus = self.write_corpus(documents)
        with ProtocolServer("--latency-ms", 5, *server) as endpoint:
            self.use_endpoint(endpoint)
            return self.run_engine("run", PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", "--set",
                                   f"nodes.documents.with.path={corpus}", "--progress", "none", *arguments)

    def spans_of(self, handler):
        return [span for body in handler.bodies for resource in body["resourceSpans"]
                for scope in resource["scopeSpans"] for span in scope["spans"]]

    def test_each_record_is_a_trace_of_its_nodes_and_calls(self):
        handler = collector()
        self.environment.update(OTEL_SERVICE_NAME="nightly", OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20x")
        with HandledServer(handler) as sink:
            run = self.traced(30, "--traces", sink.url)
        self.assert_exit(run, 0)
        self.assertIn(f"traces of 100% of the source records go to {sink.url}/v1/traces\n", run.stderr)
        self.assertNotIn("lost", run.stderr)
        self.assertEqual(set(handler.paths), {"/v1/traces"})
        self.assertEqual({seen["Content-Type"] for seen in handler.headers_seen}, {"application/json"})
        self.assertEqual({seen["authorization"] for seen in handler.headers_seen}, {"Bearer x"})
        resource = attributes_of(handler.bodies[0]["resourceSpans"][0]["resource"])
        self.assertEqual(resource["service.name"], "nightly")
        self.assertEqual(resource["rare.pipeline"], "rare-openai")
        self.assertRegex(resource["rare.run"], "^[0-9a-f]{32}$")
        traces = defaultdict(list)
        spans = self.spans_of(handler)
        for span in spans:
            traces[span["traceId"]].append(span)
        self.assertEqual(len(traces), 30)
        self.assertEqual(len({span["spanId"] for span in spans}), len(spans))
        for trace in traces.values():
            self.check_trace(trace)
        if PEER:
            self.check_parsed(handler.bodies, len(spans))

    def check_trace(self, trace):
        by_id = {span["spanId"]: span for span in trace}
        roots = [span for span in trace if "parentSpanId" not in span]
        self.assertEqual([root["name"] for root in roots], ["record"])
        self.assertEqual(Counter(span["name"] for span in trace), Counter(
            ["record", "documents", "questions", "negatives", "reasoning", "result", "chat teacher", "chat teacher"]))
        for span in trace:
            self.assertLessEqual(int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"]))
            attributes = attributes_of(span)
            self.assertEqual(attributes["rare.record"], attributes_of(roots[0])["rare.record"])
            self.assertNotIn("status", span)
            if span is roots[0]:
                continue
            above = by_id[span["parentSpanId"]]
            self.assertLessEqual(int(above["startTimeUnixNano"]), int(span["startTimeUnixNano"]))
            self.assertGreaterEqual(int(above["endTimeUnixNano"]), int(span["endTimeUnixNano"]))
            if span["kind"] == 3:
                self.assertIn(above["name"], ("questions", "reasoning"))
                self.assertEqual(attributes["rare.service"], "teacher")
                self.assertGreater(int(attributes["gen_ai.usage.output_tokens"]), 0)
                self.assertGreaterEqual(int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"]), 5_000_000)
            else:
                self.assertIs(above, roots[0])

    def check_parsed(self, bodies, expected):
        """As the protocol's own classes read it. Ids are hex in OTLP, where protobuf's JSON has base64."""
        parsed = 0
        for body in bodies:
            text = re.sub(r'"((?:trace|span|parentSpan)Id)":\s*"([0-9a-f]+)"', lambda found: '"{}":"{}"'.format(
                found.group(1), base64.b64encode(bytes.fromhex(found.group(2))).decode()), json.dumps(body))
            request = json_format.Parse(text, ExportTraceServiceRequest())
            for span in request.resource_spans[0].scope_spans[0].spans:
                self.assertEqual((len(span.trace_id), len(span.span_id)), (16, 8))
                parsed += 1
        self.assertEqual(parsed, expected)

    def test_a_dead_letter_is_a_span_that_failed_and_a_share_is_a_share(self):
        handler = collector(answers=[503])  # the first request is sent again
        self.environment["OTEL_TRACES_SAMPLER_ARG"] = "0.5"
        corpus = self.write("lines.jsonl", "".join(
            json.dumps({"id": number, "text": "a"}) + "\n" if number % 2 else "broken\n" for number in range(60)))
        self.write("plain.yaml", "name: plain\nmax_errors: 100\nnodes:\n"
                   f"  - {{ name: read, use: files.read, with: {{ path: {corpus} }} }}\n"
                   "  - { name: keep, use: basic.filter, with: { where: '.id % 3 != 0' } }\n"
                   "  - { name: result, use: files.write, with: { path: out.jsonl } }\n")
        with HandledServer(handler) as sink:
            self.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = sink.url
            run = self.run_engine("run", "plain.yaml", "--progress", "none")
        self.assert_exit(run, 0)
        spans = self.spans_of(handler)
        roots = [span for span in spans if span["name"] == "record"]
        self.assertTrue(10 < len(roots) < 50, len(roots))
        self.assertEqual({span["traceId"] for span in spans}, {root["traceId"] for root in roots})
        for span in spans:
            attributes = attributes_of(span)
            broken = int(attributes["rare.record"]) % 2 == 0
            if span["name"] in ("record", "read"):
                self.assertEqual(span.get("status", {}).get("code"), 2 if broken else None)
            if span["name"] == "keep":
                self.assertEqual("rare.filtered" in attributes, int(attributes["rare.record"]) % 3 == 0)
        self.assertIn("1 of its records are dead letters",
                      {span["status"]["message"] for span in roots if "status" in span})

    def test_a_collector_that_is_not_there_or_refuses_costs_no_run(self):
        for url, reason in ((dead_url(), "connect"), (None, "HTTP 401")):
            with HandledServer(collector(answers=[401] * 100)) as sink:
                run = self.traced(10, "--fresh", "--traces", url or sink.url)
            self.assert_exit(run, 0)
            told = [line for line in run.stderr.splitlines() if "traces" in line]
            self.assertEqual(len(told), 3, run.stderr)  # where to, that it fails, what was lost
            self.assertRegex(told[1], f"warning traces do not reach .*{reason}")
            self.assertRegex(told[2], r"warning traces: 80 of 80 spans are lost; 80 the collector did not take: ")

    def test_what_is_no_address_is_refused_and_an_odd_environment_is_not(self):
        refused = self.traced(3, "--traces", "collector:4318")
        self.assert_exit(refused, 2)
        self.assertIn("--traces: expected the address of a collector", refused.stderr)
        self.assertFalse((self.folder / ".rare").exists())
        self.environment.update(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1", OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
        run = self.traced(3)
        self.assert_exit(run, 0)
        self.assertIn("warning no traces are sent: ", run.stderr)


if __name__ == "__main__":
    unittest.main()
