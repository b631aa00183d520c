// URLs of chat endpoints as users write them.
#pragma once

#include <string>

#include "rare/status.h"

namespace rare::llm {

// The full .../chat/completions URL for what the user wrote: a base with or without /v1 (or another
// version), or the full URL. An error says what is wrong with it.
Result<std::string> chat_completions_url(const std::string& base_url);

// scheme://host:port, without path, user or password: for messages.
std::string endpoint_name(const std::string& url);

}  // namespace rare::llm
