// Standard output is for results alone: what a plugin prints arrives on standard error.
// Thread-safety: any thread may write; begin and end on one.
#pragma once

#include <string_view>

namespace rare::engine {

// As long as one lives, descriptor 1 and `stdout` lead to standard error, for code of plugins and
// for programs that it starts without a standard output of their own; results go through
// write_result(). May be nested. What waited in the buffer of `stdout` at the end is told in a
// warning; what is written past it is not noticed, and only led away.
class ResultsApart {
 public:
  ResultsApart();
  ~ResultsApart();
  ResultsApart(const ResultsApart&) = delete;
  ResultsApart& operator=(const ResultsApart&) = delete;
};

// Where results go: 1, or what was 1 before a ResultsApart.
int result_descriptor();

// All of it, at once. False: standard output cannot be written to.
bool write_result(std::string_view text);

}  // namespace rare::engine
