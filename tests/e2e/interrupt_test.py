"""A run that is ended from outside leaves nothing behind and loses nothing."""

import json
import os
import pathlib
import signal
import stat
import time
import unittest

from harness import BUILD, EngineTest, HANG_S, PIPELINES, ProtocolServer, read_jsonl, wait_until

OVERLAY = ["-f", PIPELINES / "openai.yaml", "--progress", "none"]
OUTPUT = "out/rare-openai.jsonl"


class InterruptTest(EngineTest):
    def command(self, corpus):
        return [PIPELINES / "rare.yaml", *OVERLAY, "--set", f"nodes.documents.with.path={corpus}"]

    def undisturbed(self, corpus):
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine(*self.command(corpus)), 0)
        rows = (self.folder / OUTPUT).read_bytes()
        for path in (self.folder / OUTPUT, self.folder / ".rare"):
            path.rename(path.with_suffix(".whole"))
        return rows

    def test_ctrl_c_ends_with_130_and_the_same_command_goes_on(self):
        corpus = self.write_corpus(1000)  # more than are in flight at once
        expected = self.undisturbed(corpus)
        with ProtocolServer("--latency-ms", 100) as server:
            self.use_endpoint(server)
            process = self.start(*self.command(corpus))
            wait_until(lambda: server.stats()["calls"] > 150)
            process.send_signal(signal.SIGINT)
            out, error = process.communicate(timeout=HANG_S)
            self.assertEqual(process.returncode, 130, out + error)
            self.assertIn("the same command goes on", error)
            self.assertEqual(self.manifest("rare-openai")["status"], "interrupted")
            self.assertFalse((self.folder / OUTPUT).exists())
            self.assert_exit(self.run_engine(*self.command(corpus)), 0)
            self.assertEqual(server.stats()["calls"], 2000)
        self.assertEqual((self.folder / OUTPUT).read_bytes(), expected)
        self.assertEqual(self.manifest("rare-openai")["records"]["written"], 1000)

    def test_a_second_ctrl_c_cuts_what_is_in_flight(self):
        corpus = self.write_corpus(100)
        with ProtocolServer("--latency-ms", 1000 * HANG_S) as server:
            self.use_endpoint(server)
            process = self.start(*self.command(corpus))
            wait_until(lambda: server.stats()["in_flight"] > 0)
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)  # two signals at once may be merged into one
            process.send_signal(signal.SIGINT)
            out, error = process.communicate(timeout=HANG_S)
            self.assertEqual(process.returncode, 130, error)
            calls = server.stats()["calls"]
        self.assertIn(f"{calls} sent but never answered", out)
        self.assertEqual(self.manifest("rare-openai")["services"]["teacher"]["unanswered"], calls)

    def fails_with_calls_in_flight(self, latency_ms):
        """A server and a command: of the first eight answers some are bad enough to end the run, when as
        many calls are already on their way again."""
        server = ProtocolServer("--latency-ms", latency_ms, "--truncated-prompts", 50)
        self.use_endpoint(server)
        return server, [*self.command(self.write_corpus(40)),
                        "--set", "services.teacher.with.max_in_flight=8",
                        "--set", "nodes.questions.with.max_attempts=1",
                        "--set", "nodes.questions.on_error=fail"]

    def test_after_a_fault_the_replies_of_calls_in_flight_are_kept(self):
        server, command = self.fails_with_calls_in_flight(1500)
        with server:
            process = self.run_engine(*command)
            self.assert_exit(process, 1)
            self.assertIn("on_error is 'fail'", process.stderr)
            self.assertIn("to bring their replies into the store (Ctrl-C cuts them)", process.stderr)
            calls = server.stats()["calls"]
            self.assertEqual(server.stats()["in_flight"], 0)
            self.assertGreater(calls, 8)
            self.assertLessEqual(calls, 16)
            self.assertEqual(self.manifest("rare-openai")["services"]["teacher"]["unanswered"], 0)
            stats = self.run_engine("cache", "stats", "--json")
            self.assertEqual(json.loads(stats.stdout)["replies"], calls)

    def test_after_a_fault_ctrl_c_cuts_calls_in_flight(self):
        server, command = self.fails_with_calls_in_flight(3000)
        with server:
            process = self.start(*command)
            for line in process.stderr:
                if "Ctrl-C cuts them" in line:
                    break
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=HANG_S)
            self.assertEqual(process.returncode, 1, error)
            self.assertIn("on_error is 'fail'", error)
        self.assertGreater(self.manifest("rare-openai")["services"]["teacher"]["unanswered"], 0)

    def test_sigkill_anywhere_costs_at_most_what_was_in_flight(self):
        corpus = self.write_corpus(300)
        expected = self.undisturbed(corpus)
        kills = 0
        with ProtocolServer("--latency-ms", 50) as server:
            self.use_endpoint(server)
            for calls in (40, 150, 300, 450):
                process = self.start(*self.command(corpus))
                wait_until(lambda: server.stats()["calls"] > calls or process.poll() is not None)
                process.kill()
                process.communicate(timeout=HANG_S)
                kills += 1
            self.assert_exit(self.run_engine(*self.command(corpus)), 0)
            # 64 in flight and as many received but not yet on disk, at each kill.
            self.assertLessEqual(server.stats()["calls"], 600 + kills * 128)
        unanswered = self.manifest("rare-openai")["services"]["teacher"]["unanswered"]
        self.assertGreater(unanswered, 0)
        self.assertLessEqual(unanswered, kills * 128)
        status = self.run_engine("status", *self.command(corpus)[:3])
        self.assertIn(f"{unanswered} sent but never answered", status.stdout)
        self.assertEqual((self.folder / OUTPUT).read_bytes(), expected)
        self.assertEqual(self.manifest("rare-openai")["records"]["read"], 300)

    def test_two_runs_on_one_state_the_second_is_refused(self):
        corpus = self.write_corpus(100)
        with ProtocolServer("--latency-ms", 1000) as server:
            self.use_endpoint(server)
            first = self.start(*self.command(corpus))
            wait_until(lambda: server.stats()["in_flight"] > 0)
            second = self.run_engine(*self.command(corpus))
            self.assert_exit(second, 2)
            self.assertIn(str(first.pid), second.stderr)
            _, error = first.communicate(timeout=HANG_S)
            self.assertEqual(first.returncode, 0, error)


class LocalServerTest(EngineTest):
    """llm.local with the protocol server in the place of llama-server."""

    def setUp(self):
        super().setUp()
        # The engine's options for llama-server are dropped, but for the port.
        self.pid_file = self.folder / "server.pid"
        self.server = self.write("llama-server", f"""#!/bin/sh
case " $* " in *" --version "*) echo "version: test"; exit 0;; esac
while [ $# -gt 0 ]; do
  [ "$1" != --port ] || port=$2
  shift
done
echo $$ > {self.pid_file}
exec 0< /dev/zero
exec {BUILD}/bin/protocol_server --port "$port" --latency-ms 200
""")
        self.server.chmod(self.server.stat().st_mode | stat.S_IXUSR)
        self.model = self.write("model.gguf", b"GGUF\x03\0\0\0" + b"\0" * 16)

    def command(self, corpus):
        return [PIPELINES / "rare.yaml", "--progress", "none",
                "--set", f"nodes.documents.with.path={corpus}",
                "--set", f"services.teacher.with.server={self.server}",
                "--set", f"services.teacher.with.model={self.model}"]

    def server_alive(self):
        if not self.pid_file.exists() or not self.pid_file.read_text().strip():
            return False
        return pathlib.Path("/proc", self.pid_file.read_text().strip(), "cmdline").exists() and \
            b"protocol_server" in pathlib.Path("/proc", self.pid_file.read_text().strip(),
                                               "cmdline").read_bytes()

    def test_sigkill_leaves_no_server_behind(self):
        process = self.start(*self.command(self.write_corpus(200)))
        wait_until(lambda: self.server_alive() or process.poll() is not None)
        self.assertIsNone(process.poll(), process.communicate()[1] if process.poll() is not None else "")
        process.kill()
        process.communicate(timeout=HANG_S)
        wait_until(lambda: not self.server_alive())

    def test_a_server_that_dies_is_started_again(self):
        process = self.start(*self.command(self.write_corpus(40)))
        wait_until(lambda: self.server_alive() or process.poll() is not None)
        time.sleep(0.5)  # into the middle of some calls
        first = int(self.pid_file.read_text())
        os.kill(first, signal.SIGKILL)
        out, error = process.communicate(timeout=HANG_S)
        self.assertEqual(process.returncode, 0, out + error)
        self.assertEqual(len(read_jsonl(self.folder / "out" / "rare.jsonl")), 40)
        self.assertNotEqual(int(self.pid_file.read_text()), first)
        wait_until(lambda: not self.server_alive())


if __name__ == "__main__":
    unittest.main()
