"""`on_end`: a command that is told of the end of a run, whatever end that is."""

import json
import signal
import unittest

from harness import HANG_S, EngineTest, wait_until

PIPELINE = """
name: told
{more}
nodes:
  - {{ name: documents, use: files.read, with: {{ path: in.jsonl }} }}
  - {{ name: slow, use: basic.delay, with: {{ ms: {ms} }} }}
  - {{ name: result, use: files.write, with: {{ path: out.jsonl }} }}
"""
TELLS = "on_end: 'echo done; echo $RARE_EXIT_CODE > code; cat > told.json'"


class OnEndTest(EngineTest):
    def pipeline(self, more=TELLS, ms=0, lines='{"id": 1}\n{"id": 2}\n'):
        self.write("in.jsonl", lines)
        return self.write("told.yaml", PIPELINE.format(more=more, ms=ms))

    def told(self):
        return (self.folder / "code").read_text().strip(), (self.folder / "told.json").read_text()

    def test_the_command_reads_the_manifest(self):
        process = self.run_engine(self.pipeline())
        self.assert_exit(process, 0)
        code, manifest = self.told()
        self.assertEqual(code, "0")
        self.assertEqual(json.loads(manifest), self.manifest("told"))
        self.assertEqual(json.loads(manifest)["records"]["written"], 2)
        # What it says is no result.
        self.assertIn("done\n", process.stderr)
        self.assertNotIn("done\n", process.stdout)
        # A run that has ended ends no second time; and who is told is not what the run is.
        (self.folder / "code").unlink()
        self.assert_exit(self.run_engine(self.pipeline(TELLS.replace("done", "again"))), 0)
        self.assertFalse((self.folder / "code").exists())

    def test_an_interrupted_run_and_dead_letters_are_told_by_their_codes(self):
        process = self.start(self.pipeline(ms=50, lines='{"id": 1}\n' * 2000), "--set", "grace_s=0")
        wait_until(lambda: any(path.stat().st_size for path in self.folder.glob("out.jsonl*")))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=HANG_S)
        self.assertEqual(process.returncode, 130, f"{out}\n{err}")
        code, manifest = self.told()
        self.assertEqual(code, "130")
        self.assertEqual(json.loads(manifest)["status"], "interrupted")
        self.assert_exit(self.run_engine(self.pipeline(lines='{"id": 1}\nno JSON\n'), "--fresh"), 3)
        code, manifest = self.told()
        self.assertEqual(code, "3")
        self.assertEqual(json.loads(manifest)["records"]["dead"], 1)

    def test_a_run_that_could_not_begin_has_no_manifest(self):
        pipeline = self.pipeline()
        (self.folder / "in.jsonl").unlink()
        process = self.run_engine(pipeline)
        self.assert_exit(process, 2)
        self.assertEqual(self.told(), ("2", ""))

    def test_a_command_that_fails_is_a_warning(self):
        for command, complaint in (
                ("[no-such-program, x]", "'no-such-program x' cannot be started: No such file or directory"),
                ("exit 3", "'/bin/sh -c exit 3' ended with exit code 3"),
                ("kill -9 $$", "'/bin/sh -c kill -9 $$' was ended by a signal: Killed")):
            with self.subTest(command):
                process = self.run_engine(self.pipeline(f"on_end: {command}"), "--fresh")
                self.assert_exit(process, 0)
                self.assertIn(f"warning on_end: the command {complaint}; the run's own exit code stays 0",
                              process.stderr)


if __name__ == "__main__":
    unittest.main()
