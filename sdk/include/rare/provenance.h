// Provenance: which replies of which models, and which prompts, a record was made with.
//
// A record carries it in its field `_rare`, as any other field through operators, disk and plugins:
//   {"replies": [KEY, ...], "models": {NODE: MODEL}, "prompts": {NODE: DIGEST}}
// Replies are in the order of the way; a key finds the reply in replies.db (`rare-engine cache
// export`). Nothing is noted unless a sink of the run writes it (Sink::wants_provenance()).
//
// Thread-safety: of the record that is noted in. Ownership: nothing is kept.
#pragma once

#include <string>

#include "rare/context.h"
#include "rare/json.h"
#include "rare/language_model.h"
#include "rare/record.h"

namespace rare {

inline constexpr const char* kProvenanceField = "_rare";

// Notes that `record` now holds something of `reply`. To be called by the operator that used it;
// `prompt_digest` tells prompts apart (SHA-256 of their templates, say), empty: not told. What the
// field holds already stays, so that a corpus that was made by an earlier run keeps its own; a
// value that is no object is replaced.
inline void note_reply(const Context& context, Record& record, const ChatReply& reply,
                       const std::string& prompt_digest = {}) {
  if (!context.keeps_provenance()) return;
  Json& provenance = record[kProvenanceField];
  if (!provenance.is_object()) provenance = Json::object();
  Json& replies = provenance["replies"];
  if (!replies.is_array()) replies = Json::array();
  if (!reply.key.empty()) replies.push_back(reply.key);
  const auto note = [&](const char* what, const std::string& value) {
    if (value.empty()) return;
    Json& by_node = provenance[what];
    if (!by_node.is_object()) by_node = Json::object();
    by_node[context.name()] = value;
  };
  note("models", reply.model);
  note("prompts", prompt_digest);
}

}  // namespace rare
