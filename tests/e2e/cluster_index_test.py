"""Pipelines over an index on a cluster: a stand-in on loopback, with logins and TLS, that counts common words."""

import http.server
import json
import re
import ssl
import subprocess
import threading
import unittest

from harness import EngineTest, dead_url, read_jsonl

PASSWORD = "pw-search+7f/3"
PIPELINE = """
name: cluster
services:
  corpus:
    use: bm25.opensearch
    with: { from: documents, base_url: "${SEARCH_URL}", user: me, password: "${SEARCH_PASSWORD}", max_retries: 1 CA }
nodes:
  - { name: documents, use: files.read, with: { path: documents.jsonl } }
  - name: negatives
    use: BM25HardNeg
    with: { index: corpus, num_neg: 2, output_ids_key: ids, output_scores_key: scores }
  - { name: result, use: files.write, with: { path: out/result.jsonl } }
"""


def words(text):
    return set(re.findall(r"\w+", text.lower()))


class Cluster(http.server.BaseHTTPRequestHandler):
    """One cluster for each server: a class of its own, made by cluster()."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer()

    do_POST = do_PUT = do_DELETE = do_GET

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        login = self.headers.get("Authorization", "")
        self.requests.append(f"{self.command} {self.path.partition('?')[0]}")
        if login != "Basic bWU6cHctc2VhcmNoKzdmLzM=":
            return self.send(401, {"error": {"type": "security_exception", "reason": f"no login by {login}"}})
        with self.lock:
            found = self.body_for(self.path.partition("?")[0].strip("/"), body)
        if found is None:
            return self.send(404, {"error": {"type": "index_not_found_exception", "reason": "no such index"}})
        return self.send(200, found)

    def body_for(self, path, body):
        name, _, action = path.partition("/")
        index = self.aliases.get(name, name)
        if not path:
            return {"version": {"number": "3.8.0", "distribution": "opensearch"}}
        if path == "_aliases":
            added = json.loads(body)["actions"][0]["add"]
            self.aliases[added["alias"]] = added["index"]
            return {}
        if action == "_alias":
            return {name: {"aliases": {a: {} for a, to in self.aliases.items() if to == name}} for name in self.indexes}
        if self.command == "PUT":
            self.indexes.setdefault(index, {"documents": {}, "mappings": {}})
            definition = json.loads(body)
            self.indexes[index]["mappings"].update(definition.get("mappings", definition))
            return {}
        if index not in self.indexes:
            return None
        if action == "_mapping":
            return {index: {"mappings": self.indexes[index]["mappings"]}}
        documents = self.indexes[index]["documents"]
        lines = [json.loads(line) for line in body.splitlines()]
        if action == "_bulk":
            documents.update({line["ordinal"]: line for line in lines[1::2]})
            return {"errors": False, "items": [{"create": {"status": 201}} for _ in lines[1::2]]}
        if action == "_msearch":
            return {"responses": [self.search(documents, search) for search in lines[1::2]]}
        return {"count": len(documents)}

    def search(self, documents, search):
        wanted = words(search["query"]["match"]["text"]["query"])
        found = [(-len(wanted & words(d["text"])), ordinal) for ordinal, d in documents.items()]
        hits = [{"_source": documents[ordinal], "sort": [-score, ordinal]} for score, ordinal in sorted(found) if score]
        return {"status": 200, "_shards": {"failed": 0}, "hits": {"hits": hits[:search["size"]]}}

    def send(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


class OpenSearchTest(EngineTest):
    def setUp(self):
        super().setUp()
        self.write("documents.jsonl", "".join(
            json.dumps({"id": f"d{n}", "question": f"which note has number{n}?",
                        "text": f"Note number{n} is about {'salt' if n % 2 else 'pepper'} and thing{n % 7}."}) + "\n"
            for n in range(40)))
        self.environment["SEARCH_PASSWORD"] = PASSWORD

    def cluster(self, certificate=None):
        """A server that ends with the test."""
        handler = type("One", (Cluster,), {"requests": [], "indexes": {}, "aliases": {}, "lock": threading.Lock()})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, self.folder / "key.pem")
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        scheme = "https" if certificate else "http"
        self.environment["SEARCH_URL"] = f"{scheme}://127.0.0.1:{server.server_port}"
        return handler

    def run_pipeline(self, ca_file="", *arguments):
        self.write("p.yaml", PIPELINE.replace("CA", f", ca_file: {ca_file}" if ca_file else ""))
        process = self.run_engine("p.yaml", "--progress", "none", *arguments)
        self.assert_no_password(process)
        return process

    def assert_no_password(self, process):
        texts = [process.stdout, process.stderr]
        texts += [file.read_bytes().decode("latin-1") for file in self.folder.rglob("*") if file.is_file()]
        for text in texts:
            self.assertNotIn(PASSWORD, text)
            self.assertNotIn("bWU6cHctc2VhcmNoKzdmLzM", text)

    def check_rows(self):
        rows = read_jsonl(self.folder / "out" / "result.jsonl")
        self.assertEqual(len(rows), 40)
        for row in rows:
            self.assertEqual(len(row["ids"]), 2)
            self.assertNotIn(row["id"], row["ids"])

    def test_negatives_come_from_a_cluster_that_a_second_run_loads_nothing_into(self):
        cluster = self.cluster()
        self.assert_exit(self.run_pipeline(), 0)
        self.check_rows()
        services = self.manifest("cluster")["services"]["corpus"]
        self.assertGreaterEqual(services["calls"], 40)
        loads = sum("_bulk" in request for request in cluster.requests)
        again = self.run_pipeline("", "--fresh")
        self.assert_exit(again, 0)
        self.assertEqual(sum("_bulk" in request for request in cluster.requests), loads)
        self.assertEqual(len(cluster.indexes), 1)

    def test_tls_is_verified_against_the_certificates_named(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "2", "-subj", "/CN=loopback", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", self.folder / "key.pem", "-out", self.folder / "ca.pem"],
                       check=True, capture_output=True)
        self.cluster(self.folder / "ca.pem")
        refused = self.run_pipeline()
        self.assert_exit(refused, 2)
        self.assertIn("`ca_file` names the certificates to trust", refused.stderr)
        self.assert_exit(self.run_pipeline("ca.pem", "--fresh"), 0)
        self.check_rows()

    def test_a_wrong_login_and_a_cluster_that_is_not_there(self):
        self.cluster()
        self.environment["SEARCH_PASSWORD"] = PASSWORD + "-wrong"
        refused = self.run_pipeline()
        self.assert_exit(refused, 1)
        self.assertIn("check `user` and `password`, or `api_key`", refused.stderr)
        self.assertIn("no login by Basic ***", refused.stderr)
        self.environment["SEARCH_URL"] = dead_url()
        gone = self.run_pipeline("", "--fresh")
        self.assert_exit(gone, 4)
        self.assertIn(self.environment["SEARCH_URL"] + ": no answer to GET /rare-*/_alias", gone.stderr)


if __name__ == "__main__":
    unittest.main()
