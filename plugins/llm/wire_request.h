// A chat request as it goes over the wire.
#pragma once

#include <string>

#include "plugins/llm/chat_options.h"
#include "rare/language_model.h"

namespace rare::llm {

// The body of POST .../chat/completions. `generation` is the merged one; `form` (not automatic)
// says how the schema travels, if there is one.
std::string wire_body(const std::string& model, const ChatRequest& request, const Json& generation,
                      Structured form, Streaming streaming = Streaming::off);

// Whether the answer may take so long that a gateway on the way would give up on a silent one:
// `max_tokens` is not bounded, or not by 2,000.
bool may_be_long(const Json& generation);

// A rough count of what a request costs, for pacing before the endpoint has said: a token for four
// bytes of prompt, and max_tokens (or 256) for the answer.
double estimated_tokens(const ChatRequest& request, const Json& generation);

// Whether every object of the schema lists all its properties as required and allows no others:
// what endpoints demand for `strict`.
bool is_strict_schema(const Json& schema);

}  // namespace rare::llm
