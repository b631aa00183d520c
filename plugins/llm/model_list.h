// The names of models that an endpoint lists under .../models.
#pragma once

#include <string>
#include <vector>

namespace rare::llm {

// Of `body`, as OpenAI, Ollama and others write it; none where it is no such list.
std::vector<std::string> listed_models(const std::string& body);

}  // namespace rare::llm
