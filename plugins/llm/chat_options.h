// What a chat client is told: checked parameters of a language-model service.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rare/json.h"
#include "rare/reply_store.h"

namespace rare::llm {

// How an answer's schema travels. `automatic` begins with json_schema and steps down for good when
// the endpoint refuses it.
enum class Structured { json_schema, json_object, prompt, automatic };

// Whether replies come piece by piece. `automatic` streams answers that may be long.
enum class Stream { automatic, on, off };

// How a request asks for it; steps down when the endpoint refuses.
enum class Streaming { with_usage, plain, off };

// Which equal requests share one reply.
enum class Samples { shared, per_node, per_record };

struct ChatOptions {
  std::string service;                 // the service's name, for messages
  std::vector<std::string> endpoints;  // full URLs of .../chat/completions
  std::string model;
  std::string api_key;               // empty: no Authorization header
  std::vector<std::string> headers;  // "Name: value"
  Json generation = Json::object();  // {temperature, ..., extra_body}
  std::string revision;              // part of the key of every reply
  Structured structured = Structured::automatic;
  Samples samples = Samples::shared;
  ReplyStore::Scope scope = ReplyStore::Scope::any_run;
  int max_in_flight = 64;
  std::optional<int> max_in_flight_total;  // over all processes of the run
  int max_retries = 6;
  double requests_per_minute = 0;  // 0: no bound
  double tokens_per_minute = 0;    // 0: no bound
  std::chrono::milliseconds timeout{1'800'000};
  Stream stream = Stream::off;
  // Of a reply that comes piece by piece: the longest time from one to the next; 0: any.
  std::chrono::milliseconds stall_timeout{300'000};
  std::chrono::milliseconds outage_limit{3'600'000};  // 0: an outage is a fault like any other
  std::chrono::milliseconds backoff_first{500};       // of the first retry, before jitter
  std::chrono::milliseconds backoff_longest{60'000};
  // The endpoint is a process of ours: it is started when first needed, calls that it drops are
  // asked again, and the revision is known later (ChatClient::set_revision).
  bool managed = false;
};

}  // namespace rare::llm
