// The server-sent events of a reply that comes in pieces.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rare/json.h"

namespace rare::testing {

// An event that is the same for all replies but for one value: written once, not for each piece.
class EventTemplate {
 public:
  // `chunk` with EventTemplate::kMark where each event has a value of its own.
  explicit EventTemplate(const Json& chunk);
  static constexpr std::string_view kMark = "VALUE";

  // Appends the event with `value` as a chunk of a chunked body.
  void append_text(std::string_view value, std::string& chunks);
  void append_json(std::string_view json, std::string& chunks);

 private:
  std::string before_, after_;
  std::string event_;  // the last one
};

// Those of one model.
struct StreamEvents {
  explicit StreamEvents(const std::string& model);

  std::string role;  // the first event, as a chunk
  EventTemplate content, reasoning, finish, usage;
  std::string done;  // the last one
};

}  // namespace rare::testing
