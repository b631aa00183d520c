// A completion that comes as server-sent events (WHATWG HTML, "Server-sent events"; the chunks are
// those of the chat protocol): puts the pieces together to the body that an endpoint which does not
// stream would have sent.
//
// Texts of a choice's `delta` are joined, lists (`logprobs`) are joined, of everything else the
// last value counts; so it does of members with equal names in one object. Comments are heartbeats.
// Thread-safety: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/llm/piece_template.h"
#include "plugins/net/http_types.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::llm {

class EventStream final : public net::BodyReader {
 public:
  explicit EventStream(std::size_t most_bytes) : most_bytes_(most_bytes) {}
  Read read(std::string_view bytes) override;
  // REQUIRES: the transfer has ended. An error (invalid_data, in a few words) when the stream ended
  // before its answer did, or holds what is no chunk. The endpoint's own error, sent as an event,
  // comes as a body of its own.
  Result<std::string> body();

 private:
  void take_line(std::string_view line);
  void end_event();
  void take_whole_pieces(std::string_view& bytes);
  bool take_piece(std::string_view data);
  void take_chunk(const simdjson::dom::element& chunk);
  void take_choice(const simdjson::dom::element& choice);

  const std::size_t most_bytes_;
  std::size_t bytes_ = 0;  // of all events
  std::string line_;       // begun
  std::string data_;       // of the event that has begun
  bool progress_ = false;  // in this read()
  bool done_ = false;      // the event [DONE] came
  std::string improper_;   // what is no chunk, its beginning
  std::optional<PieceTemplate> template_;
  int templates_ = 0;              // that were looked for
  std::string* joined_ = nullptr;  // in choices_: where the template's pieces go
  Json error_, whole_ = Json::object();
  std::map<std::int64_t, Json> choices_;
};

}  // namespace rare::llm
