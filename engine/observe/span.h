// Spans of records, and the request that carries them: OTLP as JSON.
//
// Source: OpenTelemetry protocol specification, "JSON Protobuf Encoding": ids in hex, 64-bit
// integers as text, enumerations as numbers. Thread-safety: values and a function.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/observe/trace_target.h"

namespace rare::engine {

struct Span {
  using Value = std::variant<std::string, std::int64_t, double, bool>;
  // Values of the protocol.
  enum class Kind : std::uint8_t { internal = 1, client = 3 };

  std::uint64_t trace_high = 0, trace_low = 0, id = 0;
  std::uint64_t parent = 0;  // 0: none
  std::string name;
  Kind kind = Kind::internal;
  std::int64_t begin_unix_ns = 0, end_unix_ns = 0;
  std::vector<std::pair<const char*, Value>> attributes;
  bool failed = false;
  std::string error;  // of one that failed
};

// The body of a POST. `resource`: attributes of the process.
std::string otlp_json(const TraceTarget::Pairs& resource, const std::string& version,
                      const std::vector<Span>& spans);

}  // namespace rare::engine
