// What `check-models` found, for people and for programs.
// Thread-safety: pure functions.
#pragma once

#include <string>

#include "engine/cli/terminal.h"
#include "engine/runtime/model_check.h"
#include "rare/json.h"

namespace rare::engine::cli {

// For each service a few aligned lines an endpoint: what works, and what to do about what does not.
// `pipeline` is the file's name. Control characters of what endpoints said are shown as \xNN.
std::string check_models_text(const std::string& pipeline, const ModelCheck& check,
                              const Style& style);

// {"works", "exit_code", "services": [{"name", "use", "outcome", "problem", "model",
// "endpoints": [{"endpoint", "outcome", "problem", "reachable", "key_sent", "key_accepted",
// "model_known", "answer_usable", "model", "latency_s", "prompt_tokens", "completion_tokens",
// "structured", "structured_note", "limits", "models", "nearest_models"}]}]}: null is what was not
// found out; an outcome is works, mend, try_later, cancelled, or of a service also configuration or
// passed_over.
Json check_models_json(const ModelCheck& check);

}  // namespace rare::engine::cli
