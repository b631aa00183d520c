// Service: something that several nodes share: a language model, an index.
//
// The engine makes one instance per entry of `services:`, opens it before any operator, and closes
// it after the last. open() checks what can be checked at once (files, parameters) and starts long
// work (a server, an index) in the background: requests that come before it is ready wait.
//
// Thread-safety: open() and connect() have one thread at a time; the interfaces that connect() gave
// and the methods that say "any thread" are called from many at once. Ownership: the engine owns
// the service, the service its interfaces.
#pragma once

#include <string>
#include <string_view>

#include "rare/context.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare {

// Who asks: accounting is per node, and work of nodes further down the graph goes first.
struct ServiceClient {
  std::string node;
  int depth = 0;  // edges from a source; a deeper node's requests go first
};

class Service {
 public:
  virtual ~Service() = default;
  virtual Status open(ServiceContext& context) = 0;

  // The interface named `interface` (LanguageModel::kInterface, ...) for one client, or nullptr
  // when this service does not offer it. Owned by the service; valid until it is destroyed. Called
  // after open(), once per node that uses the service.
  virtual void* connect(std::string_view interface, const ServiceClient& client) = 0;

  // What its answers rest on beside its parameters and the records of the run: files that it reads
  // (paths, sizes, times, hashes). Compared by a later start, which refuses to go on over other
  // data. REQUIRES: open() succeeded.
  virtual Result<Json> identity() const { return Json(); }

  // How many requests keep it busy; nodes that leave `parallelism` out are sized by it.
  virtual int concurrency() const { return 1; }
  // Whether requests are worked on as they come. While it is false (an index is being built),
  // records for it wait on disk, beyond those that the nodes that use it hold at once. Any thread.
  virtual bool ready() const { return true; }
  // Numbers by name (calls, cache_hits, retries, throttled, prompt_tokens, completion_tokens, ...),
  // counted since open(), and in `by_node` the same for each client. The engine adds what earlier
  // starts counted. With `by_node`, `replies` must be the replies whose put() in the store has
  // succeeded, and tokens be of these: the engine then counts those that a killed start could not.
  // `now`, an object ({in_flight, limit}), says how things stand at this moment: it is shown while
  // the run goes on, and neither added up nor kept. Any thread.
  virtual Json usage() const { return Json::object(); }
  // What it is doing, for progress lines ("building the index: 63%"); empty when there is nothing
  // to say. Any thread.
  virtual std::string activity() const { return {}; }
  // A line for the end of a run that users should read, or empty.
  virtual std::string notice() const { return {}; }
  // Cuts whatever is under way: every unanswered request completes with Status::cancelled() soon,
  // and so does every request that comes later (an operator may be between two of them).
  virtual void cancel() {}
  // A fault ends the run: whatever nobody works on yet, now and from here on, completes with
  // Status::cancelled() soon. Requests that are paid for go on until cancel(); a service whose
  // requests cost nothing ends them here.
  virtual void stop_asking() { cancel(); }
};

}  // namespace rare
