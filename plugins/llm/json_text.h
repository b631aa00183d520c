// JSON values as text, for what goes over the wire and into keys. Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rare/json.h"
#include "rare/language_model.h"

namespace rare::llm {

// JSON without white space, members in the order of their names; bytes that are no UTF-8 become
// U+FFFD instead of an exception. The same text as Json::dump gives, in a fifth of its time for
// texts in ASCII, which prompts mostly are: nlohmann's serializer takes each byte through a UTF-8
// decoder, and a call is written twice, as its identity and as its body.
std::string dump_json(const Json& value);

// The same at the end of `out`; of a text, as a JSON string.
void append_json(const Json& value, std::string& out);
void append_json_string(std::string_view text, std::string& out);

// The messages of a chat as the list [{"content": ..., "role": ...}, ...], likewise; the last
// one's content ends with `more`. Written as they are, because they are most of a request and
// values would be copies of them.
void append_messages(const std::vector<ChatMessage>& messages, std::string_view more,
                     std::string& out);

}  // namespace rare::llm
