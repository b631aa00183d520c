// The head of a GGUF model file (format: ggml/docs/gguf.md of llama.cpp, versions 2 and 3).
#pragma once

#include <string>

#include "rare/status.h"

namespace rare::llm {

struct GgufInfo {
  bool has_chat_template = false;  // tokenizer.chat_template
};

// Reads the metadata, not the weights. An error for a file that cannot be read, is no GGUF or is
// cut within its metadata; the message says which.
Result<GgufInfo> read_gguf(const std::string& path);

}  // namespace rare::llm
