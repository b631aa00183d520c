// A chat request, as the test server understands it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "rare/json.h"

namespace rare::testing {

struct AskedChat {
  bool is_proper = false;  // a JSON object with a list of messages
  std::string model;       // empty: none named
  std::string prompt;      // the contents of all messages
  std::uint64_t seed = 0;
  bool stream = false, has_stream_options = false, include_usage = false;
  std::string format;                  // response_format's type; empty: none asked for
  std::shared_ptr<const Json> schema;  // of the format json_schema; null: none
};

// By simdjson, because the server shares the machine with those who measure themselves against it.
// Thread-safety: any thread.
AskedChat read_chat(std::string_view body);

}  // namespace rare::testing
