// What the test server says: the chat protocol that most language-model endpoints speak, with
// faults.
//
// GET /health, GET /v1/models, POST /v1/chat/completions, GET /stats[?slots=N], POST /stats/reset,
// POST /capacity/N.
// A handler for HttpServer; all of it runs on the server's loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "asked_chat.h"
#include "http_server.h"
#include "rare/json.h"
#include "stream_events.h"

namespace rare::testing {

struct ProtocolOptions {
  int latency_ms = 0;
  // Latencies are log-normal around latency_ms, the median, with this sigma; 0: all alike.
  double latency_spread = 0;
  double slow = 0;  // per cent of the answers take ten times as long
  // Per cent of the calls; which ones is a function of the seed and the call's number.
  double fault_429 = 0, fault_500 = 0, fault_cut = 0, malformed = 0, truncated = 0;
  double fault_stall = 0;  // these are never answered
  // Per cent of the prompts: each answer to such a one is cut off, in whatever order calls come.
  double truncated_prompts = 0;
  std::uint64_t fault_seed = 1;
  std::string retry_after;     // header of 429 and 503 answers; empty: none
  bool refuse_schema = false;  // 400 for response_format json_schema
  bool refuse_format = false;  // 400 for any response_format
  int status = 0;              // every call gets this status; 0: none
  int capacity = 0;            // 429 beyond this many in flight; 0: no bound
  bool think = false;          // <think>...</think> before the answer
  bool reasoning_content = false;
  bool fixed_reply = false;            // the same reply for all, without a look at the request
  bool refuse_stream = false;          // 400 for `stream`
  bool refuse_stream_options = false;  // 400 for `stream_options`
  // Of a reply with `stream: true`: tokens (words) each so long after the one before; the first
  // after the latency.
  int token_ms = 0;
  std::string api_key;  // anything else is refused with 401; empty: none needed
  std::string model;    // anything else is refused with 404; empty: any
  int words = 80;       // of an answer without a schema
};

class ChatProtocol {
 public:
  explicit ChatProtocol(ProtocolOptions options);
  void handle(const HttpRequest& request, HttpServer::Reply reply);

  // calls, statuses {"200": n}, cut, malformed, in_flight, max_in_flight, elapsed_s (first arrival
  // to last reply), in_flight_s (integral of the calls in flight over that time), latency_ms,
  // prompt_tokens, completion_tokens; with slots: busy_share = in_flight_s / (slots * elapsed_s).
  Json stats(int slots) const;

 private:
  using Clock = std::chrono::steady_clock;
  // What a model said.
  struct Completion {
    std::string model, content, reasoning;
    std::string finish = "stop";
    std::int64_t prompt_tokens = 0, completion_tokens = 0;
  };
  void chat(const HttpRequest& request, HttpServer::Reply reply);
  HttpResponse answer(const HttpRequest& request);
  std::chrono::milliseconds latency() const;  // of the call that just came
  // Nothing when the request is to be answered properly.
  HttpResponse refusal(const HttpRequest& request, const AskedChat& asked) const;
  Completion completion(const AskedChat& asked);
  bool is_truncated_prompt(std::string_view request) const;
  static Json whole_body(const Completion& completion);
  HttpResponse in_pieces(const Completion& completion, bool with_usage);
  void slot_changed(int by);

  ProtocolOptions options_;
  Completion fixed_;
  std::string fixed_body_;
  std::map<std::string, StreamEvents> events_;  // by model
  std::int64_t calls_ = 0, cut_ = 0, malformed_ = 0, stalled_ = 0, prompt_tokens_ = 0,
               completion_tokens_ = 0;
  std::map<int, std::int64_t> statuses_;
  int in_flight_ = 0, max_in_flight_ = 0;
  Clock::time_point first_arrival_, last_change_, last_reply_;
  double in_flight_s_ = 0;
};

}  // namespace rare::testing
