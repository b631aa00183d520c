// The chat template for models that bring none: the messages' contents as plain text.
#pragma once

#include <string_view>

namespace rare::llm {
extern const std::string_view kPlainTemplate;
}  // namespace rare::llm
