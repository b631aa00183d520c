// ModelProbe: the interface of language-model services that can say, before a run, what works.
//
// Offered by Service::connect() beside LanguageModel. A probe costs a request of a few tokens for
// each endpoint, and one more for structured output; nothing of it is stored or counted as usage.
//
// Thread-safety: probe() from one thread at a time; Service::cancel() ends it from any other. The
// report is plain data. Ownership: the interface belongs to its service.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rare/status.h"

namespace rare {

// What is to be done about an endpoint.
enum class ProbeOutcome {
  works,
  mend,       // the user has something to correct: key, model, URL, parameters
  try_later,  // it may pass by itself: nobody there, too many calls, a fault of the endpoint
  cancelled,  // it was not asked to the end
};

// What one endpoint of a service answered. What a failure before left open has no value.
struct EndpointReport {
  std::string endpoint;  // scheme://host:port, never with a user or password
  ProbeOutcome outcome = ProbeOutcome::works;
  // Empty when it works; else what was expected, what came, and what to do.
  std::string problem;

  std::optional<bool> reachable;     // an HTTP answer came, whatever it says
  std::optional<bool> key_accepted;  // also when none was sent and none is wanted
  bool key_sent = false;             // by a parameter, a header or the URL
  std::optional<bool> model_known;
  std::optional<bool> answer_usable;  // it has a text, or was cut at the few tokens asked for
  std::string model;                  // as the answer calls it; may be empty
  std::optional<double> latency_s;    // of the first answer, connecting included
  std::int64_t prompt_tokens = 0;     // of all answers together, as the endpoint counts
  std::int64_t completion_tokens = 0;

  // The form in which the endpoint takes a JSON Schema: "json_schema", "json_object" or "prompt"
  // (in words only); empty when it was not found out.
  std::string structured;
  // What to know of it: forms that were refused, an answer that does not satisfy the schema.
  std::string structured_note;

  std::vector<std::pair<std::string, std::string>> limits;  // headers, as announced
  std::vector<std::string> models;  // what it lists, asked when it does not know the model
};

struct ModelReport {
  std::string model;                      // as it is asked for
  std::vector<EndpointReport> endpoints;  // in the order of the service's parameters
};

class ModelProbe {
 public:
  static constexpr std::string_view kInterface = "rare.ModelProbe/1";
  virtual ~ModelProbe() = default;

  // Asks each endpoint and waits for the answers, at most `request_timeout` for each request.
  // Starts what the service has to start first (a local server) as a run does, within the time that
  // the service itself allows for it. An error when there is no endpoint to ask: the local server
  // does not start.
  virtual Result<ModelReport> probe(std::chrono::milliseconds request_timeout) = 0;
};

}  // namespace rare
