// What an endpoint's answer means for the call, and for the run.
// Thread-safety: pure functions.
#pragma once

#include <chrono>
#include <ctime>
#include <optional>
#include <string>

#include "plugins/net/http_types.h"
#include "rare/status.h"

namespace rare::llm {

enum class Verdict {
  accept,         // status 200: look into the body
  retry,          // a passing fault: ask again later
  refuse_format,  // 400 to a request with response_format: ask again in a simpler form
  refuse_stream,  // 400 that names `stream` or `stream_options`: ask again without
  record_fault,   // this request is refused, others may be served
  run_fault,      // every request would be refused
};

struct Judgement {
  Verdict verdict = Verdict::accept;
  Status status;              // for faults, and for retries that are used up
  bool throttled = false;     // too much to do, or no answer in time: see AdaptiveLimit
  bool nobody_there = false;  // met_nobody()
  bool names_format = false;  // refuse_format: the answer says that the format is the reason
  std::optional<std::chrono::milliseconds> retry_after;
};

struct CallFacts {
  std::string service;   // the service's name in the pipeline
  std::string endpoint;  // scheme://host:port
  std::string model;
  bool sent_format = false;    // the request had a response_format
  bool sent_stream = false;    // the reply was asked for in pieces
  bool ever_answered = false;  // some endpoint of the service has sent a reply in this run
  bool managed = false;        // the endpoint is a process of ours
};

// No connection, or the answer of a gateway that finds nobody behind it (502, 503, 504).
bool met_nobody(const net::HttpResult& result);

// The endpoint says that it has too much to do (429, 503).
bool met_busy(const net::HttpResult& result);

// REQUIRES: not cancelled.
Judgement judge(const net::HttpResult& result, const CallFacts& facts, std::time_t now);

// Retry-After (seconds or a date) or retry-after-ms; at most an hour. `now` is for a date whose
// answer does not say what time it is there.
std::optional<std::chrono::milliseconds> retry_after(const net::HttpResult& result,
                                                     std::time_t now);

}  // namespace rare::llm
