// The identity of a reply in the store: a hash of what was asked, never of how or where.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "plugins/llm/chat_options.h"
#include "rare/language_model.h"
#include "rare/service.h"

namespace rare::llm {

// {temperature, ..., extra_body} of the service with those of the request over it.
Json merged_generation(const Json& service, const Json& request);

// The logical request in its canonical form, JSON without white space, members in the order of
// their names: model, revision, messages, generation, schema, sample, attempt, round and the salt
// that `samples` asks for. No URL, key, time-out or wire form. `generation` is the merged one.
std::string logical_request(const ChatOptions& options, const std::string& revision,
                            const ChatRequest& request, const Json& generation,
                            const ServiceClient& client);

std::string reply_key(std::string_view logical);

}  // namespace rare::llm
