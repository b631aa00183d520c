// ReplyStore: where paid replies are kept before anything uses them.
//
// Implemented by the engine; used by language-model services. Callbacks run on the store's own
// thread and must be short (hand over to your loop). Thread-safety: any thread. Ownership: the
// engine's; it lives longer than every service.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "rare/status.h"

namespace rare {

// A reply as it was paid for: the endpoint's body, with what the request cost.
struct StoredReply {
  std::string body;     // the endpoint's reply, unparsed
  std::string request;  // the logical request as JSON text: for people who look into the store
  std::string model;
  std::string node;     // who asked
  std::string service;  // by its name in the pipeline: what the run paid is counted by both
  double latency_s = 0;
  double first_token_s = 0;  // until the first piece, of a reply that came in pieces; 0: not known
  std::int64_t prompt_tokens = 0;  // as the endpoint counts them; 0: it does not say
  std::int64_t completion_tokens = 0;
};

class ReplyStore {
 public:
  enum class Scope {
    any_run,   // whatever was ever stored under the key
    this_run,  // only what this run stored (and starts of it before a resume)
  };
  virtual ~ReplyStore() = default;
  // The reply stored under `key`, if there is one. The error not_found: there is none, and it must
  // not be asked for. Any other error is about the store, and ends the run.
  virtual void find(std::string key, Scope scope,
                    std::function<void(Result<std::optional<StoredReply>>)> done) = 0;
  // `done` runs when the reply is on disk (synced). An error here is a run fault: a reply that
  // cannot be kept must not be paid for.
  virtual void put(std::string key, StoredReply reply, std::function<void(Status)> done) = 0;

  // What becomes of a request without put().
  enum class Ending {
    refused,  // it was answered, though not with a reply, or never went out: nothing is to be paid
    lost,     // it went out and no whole answer came: the endpoint may bill it all the same
  };
  // `service` sends a request whose reply will be put() under `key`: to be told just before, and
  // then either put() or ended(). What is told of neither was on its way when the process died, and
  // the run's next start counts it as unanswered. Both return at once and never fail.
  virtual void asked(const std::string& /*key*/, const std::string& /*service*/) {}
  virtual void ended(const std::string& /*key*/, Ending /*ending*/) {}
};

}  // namespace rare
