#include "engine/observe/metrics_page.h"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <concepts>
#include <fstream>
#include <utility>
#include <vector>

namespace rare::engine {
namespace {

template <std::integral Number>
std::string number_text(Number value) {
  return std::to_string(value);
}
std::string number_text(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

using Labels = std::vector<std::pair<const char*, std::string_view>>;

// Families of metrics, one after the other, each with its samples.
class Page {
 public:
  explicit Page(MetricsFormat format) : open_(format == MetricsFormat::open_metrics) {}

  void begin(std::string name, const char* type, const char* unit, const char* help) {
    name_ = std::move(name);
    const std::string_view kind = type;
    suffix_ = kind == "counter" ? "_total" : kind == "info" ? "_info" : "";
    // The older format has no infos, and calls a family like its samples.
    const std::string family = open_ ? name_ : name_ + suffix_;
    if (*help != '\0') text_ += "# HELP " + family + " " + help + "\n";
    text_ += "# TYPE " + family + " " + (!open_ && kind == "info" ? "gauge" : type) + "\n";
    if (open_ && *unit != '\0') text_ += "# UNIT " + family + " " + unit + "\n";
  }
  template <class Number>
  void sample(const Labels& labels, Number value) {
    line(suffix_, labels, value);
  }
  void histogram(Labels labels, const LatencyBuckets& buckets) {
    labels.emplace_back("le", "");
    for (std::size_t i = 0; i < buckets.under.size(); ++i) {
      const std::string bound = number_text(static_cast<double>(buckets.kBounds_us[i]) / 1e6);
      labels.back().second = bound;
      line("_bucket", labels, buckets.under[i]);
    }
    labels.back().second = "+Inf";
    line("_bucket", labels, buckets.all);
    labels.pop_back();
    line("_sum", labels, buckets.total_s);
    line("_count", labels, buckets.all);
  }
  std::string text() && {
    if (open_) text_ += "# EOF\n";
    return std::move(text_);
  }

 private:
  template <class Number>
  void line(std::string_view suffix, const Labels& labels, Number value) {
    text_ += name_;
    text_ += suffix;
    char before = '{';
    for (const auto& [name, label] : labels) {
      text_ += std::exchange(before, ',');
      text_ += std::string(name) + "=" + quoted(label);
    }
    if (!labels.empty()) text_ += '}';
    text_ += " " + number_text(value) + "\n";
  }

  const bool open_;
  std::string text_, name_, suffix_;
};

template <class Part, class Value>
struct CountOf {
  const char* name;
  const char* type;
  const char* help;
  Value Part::*value;
};

// One family: a sample for each of the parts, by its name.
template <class Part, class Value>
void add_count(Page& page, const char* label, const std::vector<Part>& parts,
               const CountOf<Part, Value>& what) {
  page.begin(what.name, what.type, "", what.help);
  for (const Part& part : parts) page.sample({{label, part.name}}, part.*what.value);
}

void add_run(Page& page, const ProgressSnapshot& now) {
  page.begin("rare_run_elapsed_seconds", "gauge", "seconds", "Since this start of the run.");
  page.sample({}, now.elapsed_s);
  page.begin("rare_records_read", "counter", "",
             "Records that sources gave, in this start and those before.");
  page.sample({}, now.read);
  page.begin("rare_records_finished", "counter", "",
             "Records of which all that came is written, filtered, dropped or dead, in this start "
             "and those before.");
  page.sample({}, now.finished);
  page.begin("rare_records_dead", "counter", "", "Dead letters, in this start and those before.");
  page.sample({}, now.dead);
  if (!now.input_share) return;
  page.begin("rare_input_ratio", "gauge", "ratio", "How much of the input was read, 0 to 1.");
  page.sample({}, *now.input_share);
}

void add_nodes(Page& page, const std::vector<NodeProgress>& nodes) {
  const auto column = [&]<class Value>(const CountOf<NodeProgress, Value>& what) {
    add_count(page, "node", nodes, what);
  };
  using Node = NodeProgress;
  column(CountOf<Node, std::int64_t>{"rare_node_records_in_flight", "gauge",
                                     "Records that the node holds.", &Node::in_flight});
  column(CountOf<Node, int>{"rare_node_parallelism", "gauge", "Records that it may hold.",
                            &Node::parallelism});
  column(CountOf<Node, std::uint64_t>{"rare_node_records_parked", "gauge",
                                      "Records on disk that wait for a service that is not ready.",
                                      &Node::parked});
  const std::array<CountOf<Node, std::uint64_t>, 4> counters{{
      {"rare_node_records_done", "counter", "Records that the node was done with.", &Node::done},
      {"rare_node_records_filtered", "counter", "Records that it left out.", &Node::filtered},
      {"rare_node_records_dropped", "counter", "Failed records that were dropped.", &Node::dropped},
      {"rare_node_records_dead", "counter", "Failed records that became dead letters.",
       &Node::dead},
  }};
  for (const auto& counter : counters) column(counter);
  page.begin("rare_node_duration_seconds", "histogram", "seconds",
             "How long the node had a record.");
  for (const NodeProgress& node : nodes) page.histogram({{"node", node.name}}, node.latency);
}

void add_services(Page& page, const std::vector<ServiceProgress>& services) {
  using Service = ServiceProgress;
  const std::array<CountOf<Service, std::uint64_t>, 4> counters{{
      {"rare_service_calls", "counter", "Calls that were asked of the service.", &Service::calls},
      {"rare_service_cache_hits", "counter", "Calls answered from stored replies.",
       &Service::cache_hits},
      {"rare_service_retries", "counter", "Requests that were sent again.", &Service::retries},
      {"rare_service_throttled", "counter", "Answers that said to come later.",
       &Service::throttled},
  }};
  for (const auto& counter : counters) add_count(page, "service", services, counter);
  page.begin("rare_service_tokens", "counter", "", "Tokens of prompts and of completions.");
  for (const Service& service : services) {
    page.sample({{"service", service.name}, {"kind", "prompt"}}, service.prompt_tokens);
    page.sample({{"service", service.name}, {"kind", "completion"}}, service.completion_tokens);
  }
  page.begin("rare_service_cost", "counter", "",
             "What the calls cost, in the currency of the pipeline's prices.");
  for (const Service& service : services) {
    if (service.cost) page.sample({{"service", service.name}}, *service.cost);
  }
}

}  // namespace

ProcessMetrics process_metrics() {
  ProcessMetrics result;
  std::uint64_t all_pages = 0, resident_pages = 0;
  std::ifstream("/proc/self/statm") >> all_pages >> resident_pages;
  result.resident_bytes = resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  for (const timeval& part : {used.ru_utime, used.ru_stime}) {
    result.cpu_s += static_cast<double>(part.tv_sec) + static_cast<double>(part.tv_usec) * 1e-6;
  }
  return result;
}

// Scrapers that take OpenMetrics name it; how they weigh the two does not matter to what is read.
MetricsFormat metrics_format(std::string_view accept) {
  return accept.find("application/openmetrics-text") == std::string_view::npos
             ? MetricsFormat::prometheus
             : MetricsFormat::open_metrics;
}

const char* content_type(MetricsFormat format) {
  return format == MetricsFormat::prometheus
             ? "text/plain; version=0.0.4; charset=utf-8"
             : "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

std::string metrics_text(MetricsFormat format, std::string_view version,
                         const ProcessMetrics& process, const std::optional<RunMetrics>& run) {
  Page page(format);
  page.begin("rare_build", "info", "", "The engine.");
  page.sample({{"version", version}}, 1);
  page.begin("process_resident_memory_bytes", "gauge", "bytes", "Memory of the engine.");
  page.sample({}, process.resident_bytes);
  page.begin("process_cpu_seconds", "counter", "seconds", "Time of processors that it took.");
  page.sample({}, process.cpu_s);
  if (run) {
    page.begin("rare_run", "info", "",
               "The run: the pipeline's name, and what tells its runs apart.");
    page.sample({{"name", run->name}, {"run_id", run->id}}, 1);
    add_run(page, run->progress);
    add_nodes(page, run->progress.nodes);
    add_services(page, run->progress.services);
  }
  return std::move(page).text();
}

}  // namespace rare::engine
