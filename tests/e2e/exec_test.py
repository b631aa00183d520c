"""basic.exec in a run: programs in Python, killed, hanging, missing; the engine killed above them."""

import json
import os
import pathlib
import signal
import unittest

from harness import EngineTest, PIPELINES, SOURCE, read_jsonl, wait_until

HELPER = SOURCE / "sdk" / "python" / "rare_exec.py"

PIPELINE = """
name: programs
order: any
nodes:
  - { name: numbers, use: files.read, with: { path: in.jsonl } }
  - name: score
    use: basic.exec
    parallelism: 64
    with: { command: [python3, HELPER, score.py], programs: 2 }
  - { name: result, use: files.write, with: { path: out.jsonl } }
"""


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class ExecTest(EngineTest):
    def set_up_run(self, program, records=300):
        self.write("in.jsonl", "".join(json.dumps({"n": n}) + "\n" for n in range(records)))
        self.write("score.py", program)
        self.write("programs.yaml", PIPELINE.replace("HELPER", str(HELPER)))

    def rows(self):
        return sorted(row["n"] for row in read_jsonl(self.folder / "out.jsonl"))

    def test_exec_yaml(self):
        self.assert_exit(self.run_engine(PIPELINES / "exec.yaml", "--progress", "none"), 0)
        rows = read_jsonl(self.folder / "out" / "exec.jsonl")
        self.assertEqual([row["id"] for row in rows],
                         [row["id"] for row in read_jsonl(PIPELINES / "data" / "passages.jsonl")])
        for row in rows:
            self.assertTrue(0 < row["readability"] < 30, row)

    def test_the_helper_in_batches_and_its_errors(self):
        self.set_up_run(
            "def process_batch(records):\n"
            "    print('a batch of', len(records))\n"
            "    if any(record['n'] == 299 for record in records): raise ValueError('no 299')\n"
            "    return [[] if r['n'] % 3 == 1 else [{'n': r['n']}] * 2 if r['n'] % 3 else r for r in records]\n")
        process = self.run_engine("programs.yaml", "--progress", "none", "--set", "nodes.score.with.batch=8",
                                  "--set", "nodes.score.with.deterministic=true")
        self.assert_exit(process, 3)
        self.assertIn("a batch of", process.stderr)
        letters = self.dead_letters("programs")
        self.assertTrue(all("ValueError: no 299" in letter["reason"] for letter in letters), letters)
        self.assertIn({"n": 299}, [letter["record"] for letter in letters])
        dead = {letter["record"]["n"] for letter in letters}
        expected = [n for n in range(300) if n not in dead for _ in range((1, 0, 2)[n % 3])]
        self.assertEqual(self.rows(), expected)

    def test_the_helper_says_what_is_no_json(self):
        self.set_up_run("def process(record):\n"
                        "    return {'a': float('nan')} if record['n'] == 1 else {'n': {1, 2}} if record['n'] else record\n",
                        records=3)
        self.assert_exit(self.run_engine("programs.yaml", "--progress", "none"), 3)
        reasons = [letter["reason"] for letter in self.dead_letters("programs")]
        self.assertEqual(len(reasons), 2)
        self.assertTrue(all("no JSON can be made of the result" in reason for reason in reasons), reasons)
        self.assertEqual(self.rows(), [0])

    def test_programs_killed_half_way_lose_and_double_nothing(self):
        self.set_up_run("import os, time\n"
                        "open(f'pid-{os.getpid()}', 'w').close()\n"
                        "def process(record):\n"
                        "    time.sleep(0.005)\n"
                        "    return record\n", records=600)
        engine = self.start("programs.yaml", "--progress", "none", "--set", "max_errors=0")
        wait_until(lambda: engine.poll() is not None or len(self.pids()) == 2)
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)
        _, errors = engine.communicate()
        self.assertEqual(engine.returncode, 0, errors)
        self.assertEqual(self.rows(), list(range(600)))
        self.assertIn("signal 9 (Killed)", errors)

    def pids(self):
        return {int(path.name[4:]) for path in self.folder.glob("pid-*")}

    def test_programs_end_with_a_killed_engine_and_the_next_start_goes_on(self):
        self.set_up_run("import os, time\n"
                        "open(f'pid-{os.getpid()}', 'w').close()\n"
                        "def process(record):\n"
                        "    open('asked', 'a').write(str(record['n']) + '\\n')\n"
                        "    if record['n'] == 250 and not os.path.exists('on'): time.sleep(3600)\n"
                        "    return record\n")
        engine = self.start("programs.yaml", "--progress", "none")
        wait_until(lambda: (self.folder / "asked").exists() and
                   "250" in (self.folder / "asked").read_text().split())
        engine.kill()
        engine.communicate()
        wait_until(lambda: not any(is_alive(pid) for pid in self.pids()))
        self.write("on", "")
        self.assert_exit(self.run_engine("programs.yaml", "--progress", "none"), 0)
        self.assertEqual(self.rows(), list(range(300)))

    def test_another_text_of_the_program_is_another_run(self):
        self.set_up_run("def process(record): return record\n", records=3)
        self.assert_exit(self.run_engine("programs.yaml", "--progress", "none"), 0)
        self.write("score.py", "def process(record): return dict(record, new=True)\n")
        process = self.run_engine("programs.yaml", "--progress", "none")
        self.assert_exit(process, 2)
        self.assertIn("nodes.score.with.command, contents of score.py: was ", process.stderr)

    def test_a_program_that_is_missing_or_does_not_start(self):
        self.set_up_run("import no_such_module\n", records=3)
        missing = self.run_engine("validate", "programs.yaml", "--set", "nodes.score.with.command=[no-such-program]")
        self.assert_exit(missing, 2)
        self.assertIn("'score'", missing.stderr)
        self.assertIn("there is no program 'no-such-program' on the PATH", missing.stderr)
        process = self.run_engine("programs.yaml", "--progress", "none")
        self.assert_exit(process, 4)
        self.assertIn("does not start", process.stderr)
        self.assertIn("No module named 'no_such_module'", process.stderr)

    def test_ctrl_c_lets_programs_finish_what_they_have(self):
        self.set_up_run("import os, time\n"
                        "def process(record):\n"
                        "    open('asked', 'a').write('.')\n"
                        "    time.sleep(0.01)\n"
                        "    return record\n", records=2000)
        engine = self.start("programs.yaml", "--progress", "none", start_new_session=True)
        wait_until((self.folder / "asked").exists)
        os.killpg(engine.pid, signal.SIGINT)  # as a terminal does: to the whole foreground group
        _, errors = engine.communicate()
        self.assertEqual(engine.returncode, 130, errors)
        self.assertNotIn("KeyboardInterrupt", errors)
        self.assertNotIn("the program ended", errors)
        self.assert_exit(self.run_engine("programs.yaml", "--progress", "none"), 0)
        self.assertEqual(self.rows(), list(range(2000)))


if __name__ == "__main__":
    unittest.main()
