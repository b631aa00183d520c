// What one invocation of an operator gives out, held back until it returned OK.
// Thread-safety: as the invocation: one thread at a time.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "rare/operator.h"

namespace rare::engine {

class BufferedOutput final : public Output {
 public:
  struct Emission {
    std::uint32_t port;
    Record record;
  };
  explicit BufferedOutput(const std::vector<std::string>& ports) : ports_(ports) {}

  Status emit(Record record) override {
    if (closed_) return refused();
    emissions.push_back({0, std::move(record)});
    return Status();
  }
  Status emit(std::string_view port, Record record) override {
    if (closed_) return refused();
    const auto at = std::find(ports_.begin(), ports_.end(), port);
    if (at == ports_.end()) {
      return Status(StatusCode::invalid_argument, "emitted to a port named '" + std::string(port) +
                                                      "', which its spec does not name");
    }
    emissions.push_back({static_cast<std::uint32_t>(at - ports_.begin()), std::move(record)});
    return Status();
  }
  Status filter(std::string_view reason) override {
    if (closed_) return refused();
    filtered = true;
    filter_reason = reason;
    return Status();
  }

  // For the next invocation.
  void clear() {
    emissions.clear();
    filtered = false;
    filter_reason.clear();
  }

  // From now on everything is refused: the record has ended without its operator. Any thread.
  void close() { closed_ = true; }

  std::vector<Emission> emissions;
  bool filtered = false;
  std::string filter_reason;

 private:
  static Status refused() {
    return Status(StatusCode::deadline_exceeded,
                  "the time of this record was over before it was emitted");
  }

  const std::vector<std::string>& ports_;
  std::atomic<bool> closed_{false};
};

}  // namespace rare::engine
