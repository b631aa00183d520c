// What the engine gives to a component when it opens it. Lives as long as the component.
//
// Thread-safety: every method may be called from any thread.
// Ownership: the engine's. A component keeps the pointer that open() gave it, and deletes nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "rare/record.h"
#include "rare/status.h"
#include "rare/task.h"

namespace rare {

enum class LogLevel { debug, info, warning, error };

class ReplyStore;

class Context {
 public:
  virtual ~Context() = default;

  // The node's or service's name in the pipeline: what messages should say.
  virtual const std::string& name() const = 0;
  // One event, one line, to standard error, with the component's name before it.
  virtual void log(LogLevel level, std::string_view message) = 0;
  // The run's seed; see derive_seed() in random.h.
  virtual std::uint64_t seed() const = 0;
  // Requested when the run is being cut short; long loops look at it.
  virtual std::stop_token stop_token() const = 0;
  virtual Resumer& resumer() = 0;
  // A folder of this component's own for temporary files (all instances of a node share it). Made
  // when it is first asked for, empty then; removed with all that is in it when the component's run
  // ends. Nothing in it outlives the run: after a kill the next start begins with an empty one.
  // Throws what std::filesystem throws when it cannot be made.
  virtual std::string scratch_folder() = 0;
  // Whether a sink of this run writes where records come from (provenance.h).
  virtual bool keeps_provenance() const { return false; }

  // For services that complete later: keep the Completion, return the Awaitable.
  template <class T>
  CompletionPair<T> completion() {
    return make_completion<T>(resumer());
  }
};

// Records of one node, read in a pass of their own, apart from the run: nothing it reads is
// counted, written or a dead letter.
class RecordStream {
 public:
  virtual ~RecordStream() = default;
  // The next record, nothing at the end, or why the pass cannot go on. One thread at a time.
  virtual Result<std::optional<Record>> next() = 0;
};

// What services get beyond that.
class ServiceContext : public Context {
 public:
  // Replies of language models, kept before they are used (reply_store.h).
  virtual ReplyStore& replies() = 0;
  // The same, kept in a file that the user named; relative to the working directory. Empty: that
  // of the run. From open() only.
  virtual Result<ReplyStore*> replies_in(const std::string& file) {
    if (file.empty()) return &replies();
    return Status(StatusCode::invalid_argument,
                  "replies cannot be kept in a file of their own here");
  }
  // A folder of this run for logs and the like; exists.
  virtual std::string run_folder() const = 0;
  // A pass of its own over what `node` gives out. REQUIRES: `node` is the value of one of the
  // service's node parameters (Spec::node).
  virtual Result<std::unique_ptr<RecordStream>> records_of(const std::string& node) = 0;
  // How many processes of this run are at work, this one included: more than one where it runs in
  // shards. What they may use at once together is divided by it. Changes while the run goes on, and
  // is some seconds old. Any thread; cheap.
  virtual int processes_at_work() const { return 1; }
};

}  // namespace rare
