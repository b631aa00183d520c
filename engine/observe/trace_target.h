// Where traces of records go: OTLP over HTTP, as an option and the standard environment variables
// of OpenTelemetry say it.
//
//   OTEL_EXPORTER_OTLP_TRACES_ENDPOINT  the whole address
//   OTEL_EXPORTER_OTLP_ENDPOINT         /v1/traces is added to it
//   OTEL_EXPORTER_OTLP_TRACES_HEADERS, OTEL_EXPORTER_OTLP_HEADERS  name=value,... percent-encoded
//   OTEL_EXPORTER_OTLP_TRACES_TIMEOUT, OTEL_EXPORTER_OTLP_TIMEOUT  milliseconds of one request
//   OTEL_EXPORTER_OTLP_TRACES_PROTOCOL, OTEL_EXPORTER_OTLP_PROTOCOL  `grpc` is not spoken here
//   OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES
//   OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG  the share of source records, 0 to 1
//   OTEL_TRACES_EXPORTER=none, OTEL_SDK_DISABLED=true  without the option: no traces
//
// Source: OpenTelemetry specification, "Environment Variable Specification" and "OpenTelemetry
// Protocol Exporter". Thread-safety: values and functions.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rare/status.h"

namespace rare::engine {

struct TraceTarget {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  std::string url;
  Pairs headers;                              // what they say is secret
  Pairs resource;                             // attributes of the process; service.name is first
  std::chrono::milliseconds timeout{10'000};  // of one request
  double share = 1;                           // of source records that are traced
  // What the environment says that is not understood, and is passed over.
  std::vector<std::string> warnings;
};

// For messages: without what may be secret in an address, the user's part and what is asked.
std::string shown_address(const std::string& url);

// The value of an environment variable; empty counts as not set.
using EnvironmentLookup = std::function<std::string(const char* name)>;

// Nothing where nobody wants traces. `endpoint`: of the option, to which /v1/traces is added where
// it has no path of that kind; an error where it is no address.
Result<std::optional<TraceTarget>> trace_target(const std::optional<std::string>& endpoint,
                                                const EnvironmentLookup& environment);
// The same with the environment of the process.
Result<std::optional<TraceTarget>> trace_target(const std::optional<std::string>& endpoint);

}  // namespace rare::engine
