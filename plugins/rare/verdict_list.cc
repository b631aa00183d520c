#include "verdict_list.h"

#include "plugins/prompt/asking_operator.h"

namespace rare::distill {

namespace {

std::string problem_of_verdict(const Json& given, const std::string& verdict) {
  if (!given.is_object()) return " must be an object with reason and " + verdict;
  const auto value = given.find(verdict);
  if (value == given.end() || !value->is_boolean()) {
    return " must say in " + verdict + ": true or false";
  }
  const auto reason = given.find("reason");
  if (reason == given.end() || !reason->is_string() ||
      prompt::trimmed(reason->get_ref<const std::string&>()).empty()) {
    return " must give its reason";
  }
  return {};
}

}  // namespace

std::string verdict_number(std::size_t index, std::size_t count) {
  const std::size_t width = std::to_string(count).size();
  const std::string number = std::to_string(index + 1);
  return std::string(width - number.size(), '0') + number;
}

Json verdict_schema(std::size_t count, std::string_view verdict) {
  const std::string name(verdict);
  Json properties = Json::object();
  Json numbers = Json::array();
  for (std::size_t i = 0; i < count; ++i) {
    const std::string number = verdict_number(i, count);
    properties[number] = {
        {"type", "object"},
        {"properties", {{"reason", {{"type", "string"}}}, {name, {{"type", "boolean"}}}}},
        {"required", {"reason", name}},
        {"additionalProperties", false}};
    numbers.push_back(number);
  }
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(numbers)},
          {"additionalProperties", false}};
}

std::string problem_of_verdicts(const Json& answer, std::size_t count, std::string_view verdict,
                                std::string_view thing) {
  const std::string what(thing);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string number = verdict_number(i, count);
    const auto given = answer.find(number);
    if (given == answer.end()) return what + " " + number + " has no verdict";
    const std::string problem = problem_of_verdict(*given, std::string(verdict));
    if (!problem.empty()) return "the verdict on " + what + " " + number + problem;
  }
  if (answer.size() == count) return {};
  return "it has " + std::to_string(answer.size()) + " verdicts, and there are " +
         std::to_string(count) + " " + what + "s";
}

}  // namespace rare::distill
