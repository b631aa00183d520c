"""The run is stopped for a while, or the endpoint is gone for a while: the run waits and goes on."""

import signal
import time
import unittest

from faulty_pipelines import CALLS_LOST, FaultsTest, PIPELINES_UNDER_FAULTS, answered
from harness import HANG_S, ProtocolServer, wait_until

RECORDS = 300
PIPELINE = PIPELINES_UNDER_FAULTS["rare"]
# A call is given up after at most 1.5 s, unless all others fare alike.
FEW_RETRIES = ["--set", "services.teacher.with.max_retries=2"]
AWAY_S = 6


class OutageTest(FaultsTest):
    def setUp(self):
        super().setUp()
        self.whole, self.calls, _ = self.undisturbed(PIPELINE, RECORDS)
        self.lay_out(PIPELINE, RECORDS)

    def start_server(self, *options):
        server = ProtocolServer("--latency-ms", 50, *options)
        self.addCleanup(server.close)
        self.use_endpoint(server)
        return server

    def start_in_the_middle(self, server, *arguments):
        process = self.start(*PIPELINE.command, *arguments)
        wait_until(lambda: server.stats()["calls"] > 100 or process.poll() is not None)
        return process

    def end_well(self, process):
        out, error = process.communicate(timeout=HANG_S)
        self.assertEqual(process.returncode, 0, out + error)
        self.check_whole(PIPELINE, self.whole)
        return error

    def test_a_stopped_process_goes_on(self):
        server = self.start_server()
        process = self.start_in_the_middle(server)
        process.send_signal(signal.SIGSTOP)
        time.sleep(3)
        process.send_signal(signal.SIGCONT)
        self.end_well(process)
        self.assertEqual(answered(server.stats()), self.calls)

    def test_time_that_a_process_is_stopped_is_no_record_s_time(self):
        server = self.start_server()
        limits = ["--set", "nodes.questions.timeout_s=2", "--set", "nodes.reasoning.timeout_s=2"]
        process = self.start_in_the_middle(server, *limits)
        process.send_signal(signal.SIGSTOP)
        time.sleep(5)
        process.send_signal(signal.SIGCONT)
        self.end_well(process)
        self.assertEqual(answered(server.stats()), self.calls)

    def test_an_endpoint_that_is_gone_for_a_while_costs_no_record(self):
        first = self.start_server()
        process = self.start_in_the_middle(first, *FEW_RETRIES)
        asked = answered(first.stats())
        first.close()
        time.sleep(AWAY_S)
        second = self.start_server("--port", first.url.rsplit(":", 1)[1])
        error = self.end_well(process)
        # Those in flight when it went, and those that it took between the question and its end.
        self.assertLessEqual(asked + answered(second.stats()), self.calls + CALLS_LOST)
        self.assertEqual(error.count("the endpoint is gone"), 1, error)
        self.assertEqual(error.count("the endpoint answers again"), 1, error)

    def test_an_endpoint_that_is_gone_for_too_long_ends_the_run_which_goes_on_later(self):
        first = self.start_server()
        process = self.start_in_the_middle(first, *FEW_RETRIES, "--set", "services.teacher.with.outage_limit=2")
        asked = answered(first.stats())
        first.close()
        _, error = process.communicate(timeout=HANG_S)
        self.assertEqual(process.returncode, 4, error)
        self.assertIn("outage_limit", error)
        second = self.start_server("--port", first.url.rsplit(":", 1)[1])
        self.end_well(self.start(*PIPELINE.command))
        self.assertLessEqual(asked + answered(second.stats()), self.calls + CALLS_LOST)


if __name__ == "__main__":
    unittest.main()
