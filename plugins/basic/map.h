// basic.map: other fields for a record, by a jq program or by lists of names.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "jq_program.h"
#include "rare/operator.h"
#include "rare/spec.h"

namespace rare::basic {

class Map final : public Operator {
 public:
  static Spec spec();
  Status open(Context& context) override;
  Status process(Record record, Output& out) override;

 private:
  Status read_rename();
  Status run_program(Record record, Output& out);
  Status rename(Json& fields) const;

  std::string program_text_;
  Json rename_map_;
  std::vector<std::string> select_, drop_;
  bool overwrite_ = false;

  std::optional<JqProgram> program_;
  std::vector<std::pair<std::string, std::string>> renames_;  // old, new
};

}  // namespace rare::basic
