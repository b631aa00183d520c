#include "plugins/llm/rubric.h"

#include <cmath>
#include <limits>

#include "plugins/prompt/asking_operator.h"

namespace rare::llm {
namespace {

Status bad_rubric(const std::string& message) {
  return Status(StatusCode::invalid_argument, message);
}

bool fits_int(const Json& value) {
  if (!value.is_number_integer()) return false;
  const auto number = value.get<double>();
  return number >= std::numeric_limits<int>::min() && number <= std::numeric_limits<int>::max();
}

Result<Criterion> criterion_of(const Json& item, const std::string& place) {
  if (!item.is_object()) {
    return bad_rubric(place + " must be a map of name, description, min and max, not " +
                      item.type_name());
  }
  Criterion made;
  for (const auto& [key, value] : item.items()) {
    const bool is_text = key == "name" || key == "description";
    if (!is_text && key != "min" && key != "max") {
      return bad_rubric(place + " has the key \"" + key +
                        "\"; expected name, description, min and max");
    }
    const bool is_sound =
        is_text ? value.is_string() && !prompt::trimmed(value.get_ref<const std::string&>()).empty()
                : fits_int(value);
    if (!is_sound) {
      return bad_rubric(place + ": " + key + " must be " + (is_text ? "a text" : "an integer") +
                        ", not " + value.dump());
    }
    if (key == "name") made.name = value;
    if (key == "description") made.description = prompt::trimmed(value.get<std::string>());
    if (key == "min") made.min = value;
    if (key == "max") made.max = value;
  }
  if (made.name.empty()) return bad_rubric(place + " has no name");
  if (made.name == KeepRule::kMean) {
    return bad_rubric(place + ": the name min_mean is taken by keep_if; choose another one");
  }
  if (made.description.empty()) {
    return bad_rubric(place + " (" + made.name +
                      ") has no description, which tells the model what to look at");
  }
  if (made.min >= made.max) {
    return bad_rubric(place + " (" + made.name + "): min must be below max, but min is " +
                      std::to_string(made.min) + " and max is " + std::to_string(made.max));
  }
  return made;
}

// As a user writes it: 3 and not 3.000000; at most two decimals.
std::string score_text(double score) { return Json(std::round(score * 100) / 100).dump(); }

std::string whole_text(double score) {
  return std::trunc(score) == score ? std::to_string(static_cast<long long>(score))
                                    : score_text(score);
}

}  // namespace

Result<Rubric> Rubric::parse(const Json& list) {
  if (!list.is_array() || list.empty()) {
    return bad_rubric(
        "rubric must be a list of criteria such as {name: clarity, description: ...}, "
        "not " +
        std::string(list.is_array() ? "an empty one" : list.type_name()));
  }
  Rubric made;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string place = "rubric, item " + std::to_string(i + 1);
    Result<Criterion> criterion = criterion_of(list[i], place);
    if (!criterion.ok()) return criterion.status();
    for (const Criterion& other : made.criteria_) {
      if (other.name != criterion->name) continue;
      return bad_rubric(place + ": the name " + other.name + " is there twice");
    }
    made.criteria_.push_back(std::move(*criterion));
  }
  return made;
}

Json Rubric::schema() const {
  Json properties = Json::object();
  Json names = Json::array();
  for (const Criterion& criterion : criteria_) {
    // Names are sorted where the schema becomes a grammar: the reason comes before the score, which
    // then follows from it.
    properties[criterion.name] = {
        {"type", "object"},
        {"description", criterion.description},
        {"properties",
         {{"reason", {{"type", "string"}}},
          {"score",
           {{"type", "integer"}, {"minimum", criterion.min}, {"maximum", criterion.max}}}}},
        {"required", {"reason", "score"}},
        {"additionalProperties", false}};
    names.push_back(criterion.name);
  }
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(names)},
          {"additionalProperties", false}};
}

std::string Rubric::text() const {
  std::string text = "Judge by these criteria, each by itself:\n";
  for (const Criterion& criterion : criteria_) {
    text += "- " + criterion.name + ", from " + std::to_string(criterion.min) + " (worst) to " +
            std::to_string(criterion.max) + " (best): " + criterion.description + "\n";
  }
  const Criterion& first = criteria_.front();
  const Json form = {{first.name, {{"reason", "..."}, {"score", first.min}}}};
  return text +
         "Answer with one JSON object: for each criterion's name the reason, in a sentence, and "
         "the "
         "score, an integer: " +
         form.dump() + (criteria_.size() > 1 ? ", and so on for the others." : ".");
}

std::string Rubric::problem_of(const Json& answer) const {
  if (!answer.is_object()) return "it holds no JSON object";
  for (const Criterion& criterion : criteria_) {
    const std::string name = "\"" + criterion.name + "\"";
    const auto given = answer.find(criterion.name);
    if (given == answer.end()) return name + " is missing";
    if (!given->is_object() || !given->contains("score") || !given->contains("reason")) {
      return name + " must be an object with reason and score";
    }
    if (!(*given)["reason"].is_string()) return "the reason of " + name + " must be a text";
    const Json& score = (*given)["score"];
    if (!fits_int(score) || score < criterion.min || score > criterion.max) {
      return "the score of " + name + " must be an integer from " + std::to_string(criterion.min) +
             " to " + std::to_string(criterion.max) + ", not " + score.dump();
    }
  }
  return {};
}

Result<KeepRule> KeepRule::parse(const Json& map, const Rubric& rubric) {
  KeepRule made;
  if (map.is_null()) return made;
  std::string known;
  double highest_sum = 0;
  for (const Criterion& criterion : rubric.criteria()) {
    known += criterion.name + ", ";
    highest_sum += criterion.max;
  }
  known += kMean;
  if (!map.is_object() || map.empty()) {
    return bad_rubric("keep_if must be a map of least scores, of " + known + ", not " +
                      (map.is_object() ? "an empty one" : map.type_name()));
  }
  for (const auto& [name, least] : map.items()) {
    if (!least.is_number()) {
      return bad_rubric("keep_if: " + name + " must be a number, not " + least.type_name());
    }
    double highest = highest_sum / static_cast<double>(rubric.criteria().size());
    bool is_known = name == kMean;
    for (const Criterion& criterion : rubric.criteria()) {
      if (criterion.name != name) continue;
      is_known = true;
      highest = criterion.max;
    }
    if (!is_known) {
      return bad_rubric("keep_if has the name \"" + name + "\", which the rubric has not; it has " +
                        known);
    }
    if (least.get<double>() > highest) {
      return bad_rubric("keep_if: " + name + " wants at least " + least.dump() +
                        ", but the highest possible is " + whole_text(highest) +
                        ": no record could be kept");
    }
  }
  for (const Criterion& criterion : rubric.criteria()) {
    if (!map.contains(criterion.name)) continue;
    made.least_.emplace_back(criterion.name, map[criterion.name].get<double>());
  }
  if (map.contains(kMean)) made.least_mean_ = map[kMean].get<double>();
  return made;
}

std::string KeepRule::reason_against(const Json& judgement) const {
  for (const auto& [name, least] : least_) {
    const auto score = judgement[name]["score"].get<double>();
    if (score < least) return name + " " + whole_text(score) + " < " + whole_text(least);
  }
  if (!least_mean_) return {};
  double sum = 0;
  for (const Json& given : judgement) sum += given["score"].get<double>();
  const double mean = sum / static_cast<double>(judgement.size());
  if (mean >= *least_mean_) return {};
  return "mean " + whole_text(mean) + " < " + whole_text(*least_mean_);
}

}  // namespace rare::llm
