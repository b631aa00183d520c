// Stands before language models and notes what each record's replies take. For previews, which keep
// them (a service counts for the run as a whole, an estimate needs it by record), and where work is
// observed: the record that asks is told of them (record_coroutine.h).
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "rare/context.h"
#include "rare/language_model.h"
#include "rare/service.h"

namespace rare::engine {

class ModelMeter {
 public:
  struct Reply {
    std::string node, service;
    std::uint64_t ordinal = 0;  // of the record asked for
    std::int64_t prompt_tokens = 0, completion_tokens = 0;
    std::uint64_t text_bytes = 0;  // of request and reply
    bool from_store = false;
    int attempt = 0, round = 0;
    std::string model, problem;
    // With keep_texts(): what was asked, and what came.
    std::vector<ChatMessage> messages;
    std::string raw;
  };
  enum class Keeps { replies, nothing };
  explicit ModelMeter(Keeps keeps = Keeps::replies);
  ~ModelMeter();

  // What a node is given in place of what the service offered it: the same, with the meter before
  // it when it is a language model. REQUIRES: resumer and service outlive the use; this outlives
  // both.
  void* over(std::string_view interface, void* offered, const ServiceClient& client,
             const std::string& service, Resumer& resumer);
  // REQUIRES: before the first chat.
  void keep_texts() { keeps_texts_ = true; }
  // Any thread.
  std::vector<Reply> replies() const;

 private:
  class Metered;
  void note(Reply reply);

  const Keeps keeps_;
  bool keeps_texts_ = false;
  mutable std::mutex mutex_;
  std::vector<Reply> replies_;
  std::vector<std::unique_ptr<Metered>> models_;
};

}  // namespace rare::engine
