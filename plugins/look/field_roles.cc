#include "field_roles.h"

#include <string_view>
#include <utility>

namespace rare::look {
namespace {

// The first parameter of that name which is not empty, among nodes that have `beside`, too.
void take(const Json& settings, const std::string& parameter, std::string& role,
          const std::string& beside = "") {
  const std::string suffix = ".with." + parameter;
  for (const auto& [key, value] : settings.items()) {
    if (!key.ends_with(suffix) || !value.is_string() || value.get_ref<const std::string&>().empty())
      continue;
    const std::string node = key.substr(0, key.size() - suffix.size());
    if (!beside.empty() && !settings.contains(node + ".with." + beside)) continue;
    role = value.get<std::string>();
    return;
  }
}

}  // namespace

FieldRoles FieldRoles::of_settings(const Json& fingerprint) {
  FieldRoles roles;
  if (!fingerprint.is_object()) return roles;
  take(fingerprint, "input_text_key", roles.text);
  take(fingerprint, "output_question_key", roles.question);
  take(fingerprint, "output_scenario_key", roles.scenario);
  take(fingerprint, "output_negatives_key", roles.negatives);
  take(fingerprint, "output_key", roles.reasoning, "input_hardneg_key");
  take(fingerprint, "output_scores_key", roles.negative_scores);
  take(fingerprint, "output_ranks_key", roles.negative_ranks);
  take(fingerprint, "output_positive_score_key", roles.positive_score);
  take(fingerprint, "output_positive_rank_key", roles.positive_rank);
  for (const auto& [key, value] : fingerprint.items()) {
    if (key.ends_with(".with.questions_per_document") && value.is_number() && value > 1) {
      roles.several_of_a_document = true;
    }
  }
  return roles;
}

}  // namespace rare::look
