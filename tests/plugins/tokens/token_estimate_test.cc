#include "plugins/tokens/token_estimate.h"

#include <string>

#include "catch.h"

using rare::tokens::bytes_of_tokens;
using rare::tokens::estimate_tokens;

TEST_CASE("four bytes are a token, and so is each character of Chinese, Japanese and Korean") {
  const auto [text, tokens] = GENERATE(table<std::string, std::size_t>({
      {"", 0},
      {"a", 1},
      {"four", 1},
      {"fives", 2},
      {std::string(4000, 'x'), 1000},
      {"水在结冰。", 5},
      {"ひらがな", 4},
      {"한국어", 3},
      {"\U00020000\U00020001", 2},
      {"水 water", 3},  // a character and six bytes
      {"жар", 2},       // six bytes
      {"\xff\xfe\xe6", 1},
  }));
  CHECK(estimate_tokens(text) == tokens);
}

TEST_CASE("a beginning of so many tokens never ends inside a character") {
  CHECK(bytes_of_tokens("four five", 1) == 4);
  CHECK(bytes_of_tokens("four five", 9) == 9);
  CHECK(bytes_of_tokens("水在结冰。", 2) == 6);
  CHECK(bytes_of_tokens("жарко", 1) == 4);
  CHECK(bytes_of_tokens("aжа", 1) == 3);
  CHECK(bytes_of_tokens("水", 0) == 0);
  CHECK(bytes_of_tokens("", 5) == 0);
}
