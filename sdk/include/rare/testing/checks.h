// Checks for a test that is a plain program: nothing but the SDK is needed to build it.
//
//   int main() {
//     const auto op = rare::testing::make<Shout>();
//     const auto outcome = rare::testing::run(*op, rare::Record({{"text", "hi"}}));
//     RARE_CHECK_OK(outcome.status);
//     RARE_CHECK_EQUAL(outcome.records.size(), 1u);
//     return rare::testing::failed_checks();
//   }
//
// A check that fails is printed to standard error, with its place, and the program goes on.
//
// Thread-safety: any thread. Ownership: nothing is kept but the number of failures.
#pragma once

#include <atomic>
#include <cstdio>
#include <string>

#include "rare/json.h"
#include "rare/status.h"

namespace rare::testing {

namespace detail {
inline std::atomic<int>& failures() {
  static std::atomic<int> count{0};
  return count;
}

inline void fail_check(const char* file, int line, const std::string& what) {
  ++failures();
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
}

template <class T>
std::string text_of(const T& value) {
  return Json(value).dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <class A, class B>
void check_equal(const A& actual, const B& expected, const char* code, const char* file, int line) {
  if (actual == expected) return;
  fail_check(file, line,
             std::string(code) + " is " + text_of(actual) + ", expected " + text_of(expected));
}

inline void check_ok(const Status& status, const char* code, const char* file, int line) {
  if (!status.ok()) fail_check(file, line, std::string(code) + ": " + status.message());
}
}  // namespace detail

// What main() returns: 0 when every check held, else 1; says how many did not.
inline int failed_checks() {
  const int failed = detail::failures();
  if (failed == 0) return 0;
  std::fprintf(stderr, "%d of the checks failed\n", failed);
  return 1;
}

}  // namespace rare::testing

#define RARE_CHECK(...) \
  ((__VA_ARGS__)        \
       ? void()         \
       : ::rare::testing::detail::fail_check(__FILE__, __LINE__, #__VA_ARGS__ " does not hold"))
// Both sides can be put into JSON.
#define RARE_CHECK_EQUAL(ACTUAL, EXPECTED) \
  ::rare::testing::detail::check_equal((ACTUAL), (EXPECTED), #ACTUAL, __FILE__, __LINE__)
#define RARE_CHECK_OK(STATUS) \
  ::rare::testing::detail::check_ok((STATUS), #STATUS, __FILE__, __LINE__)
