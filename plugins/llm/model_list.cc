#include "plugins/llm/model_list.h"

#include "rare/json.h"

namespace rare::llm {
namespace {

constexpr std::size_t kMostModels = 10'000;

}  // namespace

std::vector<std::string> listed_models(const std::string& body) {
  std::vector<std::string> names;
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return names;
  for (const char* list : {"data", "models"}) {
    const auto at = json.find(list);
    if (at == json.end() || !at->is_array()) continue;
    for (const Json& model : *at) {
      for (const char* key : {"id", "model", "name"}) {
        if (!model.is_object() || !model.contains(key) || !model[key].is_string()) continue;
        names.push_back(model[key].get<std::string>());
        break;
      }
      if (names.size() >= kMostModels) return names;
    }
    if (!names.empty()) return names;
  }
  return names;
}

}  // namespace rare::llm
