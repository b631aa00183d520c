#include "engine/observe/metrics_page.h"

#include "catch.h"

using namespace rare::engine;
using namespace std::chrono_literals;

namespace {

RunMetrics of_a_run() {
  RunMetrics run;
  run.name = "a \"quoted\" \\ name\nof two lines";
  run.id = "7f";
  run.progress.elapsed_s = 12.5;
  run.progress.read = 100;
  run.progress.finished = 60;
  run.progress.dead = 2;
  run.progress.input_share = 0.25;
  NodeProgress& questions = run.progress.nodes.emplace_back();
  questions.name = "questions";
  questions.in_flight = 3;
  questions.parallelism = 8;
  questions.done = 70;
  questions.dead = 2;
  LatencyHistogram latency;
  for (const auto duration : {63us, 64us, 1023us, 1024us, 2'000'000us}) latency.record(duration);
  latency.record(std::chrono::hours(1));
  questions.latency = latency.buckets();
  ServiceProgress& teacher = run.progress.services.emplace_back();
  teacher.name = "teacher";
  teacher.calls = 71;
  teacher.prompt_tokens = 1000;
  teacher.completion_tokens = 20;
  teacher.cost = 0.125;
  return run;
}

std::string text_of(MetricsFormat format, const std::optional<RunMetrics>& run) {
  ProcessMetrics process;
  process.resident_bytes = 4096;
  process.cpu_s = 1.5;
  return metrics_text(format, "1.2.3", process, run);
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("before a run streams there is the process alone") {
  CHECK(text_of(MetricsFormat::prometheus, std::nullopt) ==
        "# HELP rare_build_info The engine.\n"
        "# TYPE rare_build_info gauge\n"
        "rare_build_info{version=\"1.2.3\"} 1\n"
        "# HELP process_resident_memory_bytes Memory of the engine.\n"
        "# TYPE process_resident_memory_bytes gauge\n"
        "process_resident_memory_bytes 4096\n"
        "# HELP process_cpu_seconds_total Time of processors that it took.\n"
        "# TYPE process_cpu_seconds_total counter\n"
        "process_cpu_seconds_total 1.5\n");
}

TEST_CASE("OpenMetrics names families without what their samples end with, and units") {
  CHECK(text_of(MetricsFormat::open_metrics, std::nullopt) ==
        "# HELP rare_build The engine.\n"
        "# TYPE rare_build info\n"
        "rare_build_info{version=\"1.2.3\"} 1\n"
        "# HELP process_resident_memory_bytes Memory of the engine.\n"
        "# TYPE process_resident_memory_bytes gauge\n"
        "# UNIT process_resident_memory_bytes bytes\n"
        "process_resident_memory_bytes 4096\n"
        "# HELP process_cpu_seconds Time of processors that it took.\n"
        "# TYPE process_cpu_seconds counter\n"
        "# UNIT process_cpu_seconds seconds\n"
        "process_cpu_seconds_total 1.5\n"
        "# EOF\n");
}

TEST_CASE("a run's counters, with labels escaped") {
  const std::string text = text_of(MetricsFormat::prometheus, of_a_run());
  for (const char* line :
       {R"(rare_run_info{name="a \"quoted\" \\ name\nof two lines",run_id="7f"} 1)",
        "rare_run_elapsed_seconds 12.5", "rare_records_read_total 100",
        "rare_records_finished_total 60", "rare_records_dead_total 2", "rare_input_ratio 0.25",
        R"(rare_node_records_in_flight{node="questions"} 3)",
        R"(rare_node_parallelism{node="questions"} 8)",
        R"(rare_node_records_done_total{node="questions"} 70)",
        R"(rare_node_records_dead_total{node="questions"} 2)",
        R"(rare_service_calls_total{service="teacher"} 71)",
        R"(rare_service_tokens_total{service="teacher",kind="prompt"} 1000)",
        R"(rare_service_tokens_total{service="teacher",kind="completion"} 20)",
        R"(rare_service_cost_total{service="teacher"} 0.125)"}) {
    INFO(line);
    CHECK(has_line(text, line));
  }
}

TEST_CASE("what a run does not know is no sample") {
  RunMetrics run = of_a_run();
  run.progress.input_share.reset();
  run.progress.services[0].cost.reset();
  const std::string text = text_of(MetricsFormat::prometheus, run);
  CHECK(text.find("rare_input_ratio") == std::string::npos);
  CHECK(text.find("rare_service_cost_total{") == std::string::npos);
}

TEST_CASE("buckets of a duration hold all that is shorter") {
  const std::string text = text_of(MetricsFormat::open_metrics, of_a_run());
  const std::string bucket = "rare_node_duration_seconds_bucket{node=\"questions\",le=";
  for (const char* line :
       {"\"6.4e-05\"} 1", "\"0.000256\"} 2", "\"0.001024\"} 3", "\"0.002048\"} 4",
        "\"1.048576\"} 4", "\"2.097152\"} 5", "\"1073.741824\"} 5", "\"+Inf\"} 6"}) {
    INFO(line);
    CHECK(has_line(text, bucket + line));
  }
  CHECK(has_line(text, "rare_node_duration_seconds_count{node=\"questions\"} 6"));
  CHECK(has_line(text, "rare_node_duration_seconds_sum{node=\"questions\"} 3602.002174"));
}

TEST_CASE("who takes OpenMetrics gets it") {
  CHECK(metrics_format("") == MetricsFormat::prometheus);
  CHECK(metrics_format("text/plain;version=0.0.4;q=0.5,*/*;q=0.1") == MetricsFormat::prometheus);
  CHECK(metrics_format("application/openmetrics-text;version=1.0.0;q=0.8,text/plain;q=0.5") ==
        MetricsFormat::open_metrics);
}

TEST_CASE("a process has memory and takes time") {
  const ProcessMetrics process = process_metrics();
  CHECK(process.resident_bytes > 1 << 20);
  CHECK(process.cpu_s > 0);
}
