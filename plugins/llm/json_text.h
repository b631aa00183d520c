// JSON values as text, for what goes over the wire and into keys. Thread-safety: pure functions.
#pragma once

#include <string>

#include "rare/json.h"

namespace rare::llm {

// JSON without white space, members in the order of their names; bytes that are no UTF-8 become
// U+FFFD instead of an exception. The same text as Json::dump gives, in a fifth of its time for
// texts in ASCII, which prompts mostly are: nlohmann's serializer takes each byte through a UTF-8
// decoder, and a call is written twice, as its identity and as its body.
std::string dump_json(const Json& value);

}  // namespace rare::llm
