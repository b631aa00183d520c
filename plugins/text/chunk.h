// text.chunk: from long documents to passages.
#pragma once

#include <optional>
#include <string>

#include "passages.h"
#include "rare/operator.h"
#include "rare/spec.h"
#include "text_units.h"

namespace rare::text {

class Chunk final : public Operator {
 public:
  static Spec spec();
  Status open(Context& context) override;
  Status process(Record record, Output& out) override;

 private:
  Status check(const Record& record) const;
  Status emit_passages(std::string_view text, const TextUnits& found,
                       const std::vector<Passage>& passages, const Record& rest, Output& out) const;
  Status configuration_error(const std::string& message) const;
  Status record_error(const std::string& message) const;

  std::string node_;
  std::string input_key_, output_key_, output_chunk_key_, id_key_;
  std::string format_, language_;
  int max_tokens_ = 256;
  int min_tokens_ = 32;
  int overlap_tokens_ = 0;
  bool overwrite_ = false;
  std::optional<UnitFinder> finder_;
};

}  // namespace rare::text
