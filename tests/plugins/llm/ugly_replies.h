// What language models send where one JSON object was asked for, as ugly as it comes, and what is
// to be made of it.
#pragma once

#include <string>
#include <vector>

namespace rare::testing {

struct UglyReply {
  std::string name;
  std::string text;     // the content of the message
  std::string schema;   // JSON
  std::string value;    // JSON of the answer; empty: it is refused
  std::string problem;  // part of what the model is told
};

const std::vector<UglyReply>& ugly_replies();

}  // namespace rare::testing
