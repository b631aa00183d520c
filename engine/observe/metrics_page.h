// What is known of a run, in the text formats of Prometheus. The names are listed in
// docs/reference/contract.md. Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/observe/progress_snapshot.h"

namespace rare::engine {

struct ProcessMetrics {
  std::uint64_t resident_bytes = 0;
  double cpu_s = 0;  // of the user and of the system
};
ProcessMetrics process_metrics();

struct RunMetrics {
  std::string name, id;
  ProgressSnapshot progress;
};

// prometheus: text format 0.0.4; open_metrics: OpenMetrics 1.0.
enum class MetricsFormat { prometheus, open_metrics };
// Of a scraper that sends this header `Accept`.
MetricsFormat metrics_format(std::string_view accept);
const char* content_type(MetricsFormat format);

// `run`: nothing before records begin to stream, and after.
std::string metrics_text(MetricsFormat format, std::string_view version,
                         const ProcessMetrics& process, const std::optional<RunMetrics>& run);

}  // namespace rare::engine
