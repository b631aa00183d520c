#include "engine/config/reference_names.h"

#include <array>
#include <utility>

namespace rare::engine {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 20> kReferenceNames{{
    {"api_url", "'base_url' of the language-model service"},
    {"model_name", "'model' of the language-model service"},
    {"model_name_or_path", "'model' of the language-model service"},
    {"hf_model_name_or_path", "'model' of the language-model service"},
    {"key_name_of_api_key",
     "'api_key' of the language-model service, as ${NAME:} of an environment variable"},
    {"max_workers",
     "'max_in_flight' of the language-model service, and 'parallelism' beside 'use'"},
    {"num_workers", "'parallelism' beside 'use'"},
    {"llm_serving", "'llm', the name of a service"},
    {"system_prompt", "'system'"},
    {"prompt_template", "'prompt'"},
    {"temperature", "'temperature' inside 'generation'"},
    {"top_p", "'top_p' inside 'generation'"},
    {"max_tokens", "'max_tokens' inside 'generation'"},
    {"read_timeout", "'timeout_s' of the language-model service"},
    {"timeout", "'timeout_s' of the language-model service"},
    {"first_entry_file_name", "'path' of the node that reads"},
    {"cache_path", "'path' of the node that writes"},
    {"file_name_prefix", "'path' of the node that writes"},
    {"cache_type", "'format' of the node that writes"},
    {"storage", "a source node at the start and a sink node at the end"},
}};

}  // namespace

std::string reference_name_hint(std::string_view name) {
  for (const auto& [theirs, ours] : kReferenceNames) {
    if (theirs == name) {
      return "'" + std::string(name) + "' of the reference is here: " + std::string(ours);
    }
  }
  return {};
}

}  // namespace rare::engine
