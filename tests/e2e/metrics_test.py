"""What a run tells Prometheus while it goes on, read by Prometheus' own client."""

import json
import os
import re
import socket
import sys
import unittest
import urllib.error
import urllib.request

from harness import HANG_S, PIPELINES, SOURCE, EngineTest, ProtocolServer, wait_until

PEER = os.environ.get("RARE_METRICS_PEER", "")
if PEER:
    sys.path.insert(0, PEER)
    from prometheus_client.openmetrics import parser as openmetrics
    from prometheus_client import parser as prometheus

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def samples_of(text):
    """By name and labels, without a parser: every line that is no comment."""
    samples = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            samples[name] = float(value)
    return samples


class MetricsTest(EngineTest):
    def command(self, documents, *arguments):
        corpus = self.write_corpus(documents)
        return [PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", "--set",
                f"nodes.documents.with.path={corpus}", "--progress", "none", *arguments]

    def running(self, documents, *arguments):
        """A run that goes on, and where its metrics are."""
        process = self.start(*self.command(documents, "--metrics-port", 0, *arguments))
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        line = process.stderr.readline()
        found = re.search(r" info metrics at (http://127\.0\.0\.1:\d+/metrics)$", line.rstrip())
        self.assertTrue(found, line)
        return process, found.group(1)

    def scrape(self, url, accept="*/*"):
        request = urllib.request.Request(url, headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=HANG_S) as reply:
            return reply.read().decode(), reply.headers["Content-Type"]

    def scrape_until(self, url, ready):
        found = {}

        def look():
            found["text"] = self.scrape(url)[0]
            return ready(samples_of(found["text"]))

        wait_until(look)
        return found["text"]

    def stop(self, process):
        process.terminate()
        out, err = process.communicate(timeout=HANG_S)
        self.assertEqual(process.returncode, 130, f"{out}\n{err}")

    def test_a_run_is_told_in_both_formats(self):
        with ProtocolServer("--latency-ms", 30) as server:
            self.use_endpoint(server)
            process, url = self.running(3000, "--set", "services.teacher.with.max_in_flight=4", "--set", "grace_s=0")
            first = samples_of(self.scrape_until(
                url, lambda samples: samples.get("rare_records_finished_total", 0) > 0
                and samples.get('rare_node_records_in_flight{node="questions"}', 0) > 0))
            text, content_type = self.scrape(url)
            self.assertEqual(content_type, "text/plain; version=0.0.4; charset=utf-8")
            open_text, open_type = self.scrape(url, OPENMETRICS)
            self.assertEqual(open_type, "application/openmetrics-text; version=1.0.0; charset=utf-8")
            later = samples_of(self.scrape_until(
                url, lambda samples: samples["rare_records_finished_total"] > first["rare_records_finished_total"]))
            self.stop(process)
        self.assertEqual(set(samples_of(text)), set(samples_of(open_text)))
        self.assertIn('rare_build_info{version="', text)
        for name in ("rare_records_read_total", 'rare_service_calls_total{service="teacher"}',
                     'rare_service_tokens_total{service="teacher",kind="completion"}',
                     'rare_node_records_done_total{node="questions"}',
                     'rare_node_duration_seconds_count{node="questions"}', "process_resident_memory_bytes"):
            self.assertGreater(first[name], 0, name)
        self.assertLess(0, later["rare_input_ratio"])
        # A record was asked for at least once, and each call took 30 ms of the node's time.
        questions = later['rare_node_duration_seconds_count{node="questions"}']
        self.assertGreater(later['rare_node_duration_seconds_sum{node="questions"}'], 0.03 * questions)
        for name, value in first.items():
            if name.split("{")[0].endswith(("_total", "_bucket", "_count", "_sum")):
                self.assertGreaterEqual(later[name], value, name)
        self.check_dashboard(samples_of(text))
        if PEER:
            self.check_parsed(text, open_text)

    def check_parsed(self, text, open_text):
        """As Prometheus' own client reads it; that of OpenMetrics is strict."""
        families = {family.name: family for family in prometheus.text_string_to_metric_families(text)}
        strict = {family.name: family for family in openmetrics.text_string_to_metric_families(open_text)}
        self.assertEqual(set(families) - {"rare_build_info", "rare_run_info"}, set(strict) - {"rare_build", "rare_run"})
        self.assertEqual(strict["rare_build"].type, "info")
        self.assertEqual(strict["rare_run"].samples[0].labels["name"], "rare-openai")
        self.assertEqual(strict["rare_service_tokens"].type, "counter")
        self.assertEqual(strict["process_cpu_seconds"].unit, "seconds")
        self.assertEqual(strict["rare_node_duration_seconds"].type, "histogram")
        for family in [*families.values(), *strict.values()]:
            self.assertTrue(family.documentation, family.name)
            self.assertNotEqual(family.type, "unknown", family.name)

    def check_dashboard(self, samples):
        """Every metric and label that the dashboard of docs/ asks for is there."""
        names = {re.split(r"[{ ]", name)[0] for name in samples} | {"rare_service_cost_total"}
        dashboard = json.loads((SOURCE / "docs" / "grafana-dashboard.json").read_text())
        queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
        self.assertGreater(len(queries), 10)
        for query in [*queries, *[variable["definition"] for variable in dashboard["templating"]["list"]
                                  if variable["type"] == "query"]]:
            asked = re.findall(r"\b(?:rare|process)_\w+", query)
            self.assertTrue(asked, query)
            self.assertLessEqual(set(asked), names, query)
            for label in re.findall(r"by \(([^)]*)\)", query):
                for part in label.split(", "):
                    self.assertIn(part, {"node", "service", "kind", "le"}, query)

    def test_a_client_that_hangs_holds_no_run(self):
        with ProtocolServer("--latency-ms", 50) as server:
            self.use_endpoint(server)
            process, url = self.running(20)
            port = int(url.split(":")[2].split("/")[0])
            with socket.create_connection(("127.0.0.1", port)) as silent, \
                    socket.create_connection(("127.0.0.1", port)) as half:
                half.send(b"GET /metr")
                self.scrape(url)
                out, err = process.communicate(timeout=HANG_S)
                self.assertEqual(process.returncode, 0, f"{out}\n{err}")
                self.assertEqual(silent.recv(1), b"")

    def test_a_port_in_use_is_refused_before_anything_has_begun(self):
        with socket.create_server(("127.0.0.1", 0)) as other, ProtocolServer() as server:
            self.use_endpoint(server)
            port = other.getsockname()[1]
            refused = self.run_engine(*self.command(3, "--metrics-port", port))
        self.assert_exit(refused, 2)
        self.assertIn(f"--metrics-port: port {port} of 127.0.0.1 is in use by another program: name another one, "
                      "or 0 for any free one", refused.stderr)
        self.assertFalse((self.folder / ".rare").exists())

    def test_a_retry_tells_too(self):
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine(*self.command(3)), 0)
            retried = self.run_engine("retry", *self.command(3, "--metrics-port", 0))
        self.assert_exit(retried, 0)
        self.assertRegex(retried.stderr, r"metrics at http://127\.0\.0\.1:\d+/metrics")


if __name__ == "__main__":
    unittest.main()
