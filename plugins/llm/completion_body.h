// Reads the endpoint's reply: the envelope, and what the message's text holds.
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rare/json.h"
#include "rare/status.h"

namespace rare::llm {

struct CompletionBody {
  std::string content;    // of the message, as it came
  std::string reasoning;  // of reasoning_content or reasoning
  std::string finish_reason;
  std::string model;
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
};

// An error for what is no whole completion: not JSON, cut, no choices, no message, or an error
// object sent with status 200.
Result<CompletionBody> parse_completion(std::string_view body);

struct SplitText {
  std::string text;
  std::string reasoning;
  bool unclosed = false;  // <think> without its end
};

// Takes leading <think>...</think> blocks off. A text with only the closing tag (the opening one
// was part of the prompt) is reasoning up to there.
SplitText split_reasoning(std::string_view content);

}  // namespace rare::llm
