// Which fields of a run's records are the document, the question, the negatives and so on.
#pragma once

#include <string>

#include "rare/json.h"

namespace rare::look {

// The names that the operators use unless a pipeline says otherwise. Empty: no such field.
struct FieldRoles {
  std::string id = "id";
  std::string text = "text";
  std::string question = "question";
  std::string scenario = "scenario";
  std::string negatives = "hard_negatives";
  std::string reasoning = "reasoning";
  std::string negative_scores;  // a list beside the negatives
  std::string negative_ranks;
  // Of the record's own text.
  std::string positive_score;
  std::string positive_rank;  // from 0
  // Whether one document gives several records, told by their ids: then records of one id that hold
  // the same document are no twins.
  bool several_of_a_document = false;

  // As the parameters in a run's fingerprint say: `output_question_key` and so on, of whatever
  // node has them.
  static FieldRoles of_settings(const Json& fingerprint);
};

}  // namespace rare::look
