// jq programs and the values that go through them.
#include "jq_program.h"

#include <atomic>
#include <limits>

#include "basic_fixture.h"

namespace rare::basic {
namespace {

JqProgram compiled(const std::string& expression) {
  Result<JqProgram> program = JqProgram::compile("where", expression);
  INFO(program.status().message());
  REQUIRE(program.ok());
  return std::move(*program);
}

std::string compile_error(const std::string& expression) {
  const Result<JqProgram> program = JqProgram::compile("where", expression);
  REQUIRE_FALSE(program.ok());
  CHECK(program.status().code() == StatusCode::invalid_argument);
  return program.status().message();
}

std::vector<Json> run(const std::string& expression, const Json& input) {
  JqProgram program = compiled(expression);
  const Result<std::vector<Json>> outputs = program.run(JqInput(input));
  INFO(outputs.status().message());
  REQUIRE(outputs.ok());
  return *outputs;
}

std::string run_error(const std::string& expression, const Json& input) {
  JqProgram program = compiled(expression);
  const Result<std::vector<Json>> outputs = program.run(JqInput(input));
  REQUIRE_FALSE(outputs.ok());
  CHECK(outputs.status().code() == StatusCode::invalid_data);
  CHECK(outputs.status().fault() == Fault::record);
  return outputs.status().message();
}

}  // namespace

TEST_CASE("what does not compile is named, with jq's own words") {
  CHECK(compile_error(".a |") ==
        "parameter `where`: jq cannot compile `.a |`: syntax error, unexpected $end, line 1");
  CHECK(compile_error("nosuch(.a)") ==
        "parameter `where`: jq cannot compile `nosuch(.a)`: nosuch/1 is not defined, line 1");
  CHECK(compile_error(".a\n| |") ==
        "parameter `where`: jq cannot compile `.a\n| |`: syntax error, unexpected '|', line 2");
  CHECK(compile_error(std::string(".a\0b", 4)).find("null character") != std::string::npos);
}

TEST_CASE("what fails on a record is that record's fault, with jq's message") {
  CHECK(run_error(".a.b", {{"a", 1}}) ==
        "`where` (.a.b): jq: Cannot index number with string \"b\"");
  CHECK(run_error("error({code: 7})", Json::object()) ==
        "`where` (error({code: 7})): jq: {\"code\":7}");
  CHECK(run_error("halt", Json::object()) == "`where` (halt): it halted");
  CHECK(run_error("input", Json::object()) == "`where` (input): jq: break");
  CHECK(run_error("repeat(1)", Json::object()) ==
        "`where` (repeat(1)): gives more than 1000000 values for one record");
}

TEST_CASE("a number that is no date is an error of its record, not the end of the process") {
  for (const std::string function :
       {"todate", "date", "gmtime", "localtime", "strftime(\"%Y\")", "strflocaltime(\"%Y\")"}) {
    CHECK(run_error(".t | " + function, {{"t", 1700000000000000000}}) ==
          "`where` (.t | " + function + "): jq: 1.7e+18 s is too far away to be a date");
  }
  CHECK(run(".t | todate, (gmtime | mktime)", {{"t", 1700000000}}) ==
        std::vector<Json>{"2023-11-14T22:13:20Z", 1700000000});
}

TEST_CASE("modules are refused") {
  CHECK(compile_error("import \"a\" as a; 1") ==
        "parameter `where`: jq cannot compile `import \"a\" as a; 1`: syntax error, unexpected "
        "import, expecting $end, line 1");
}

TEST_CASE("what jq would print goes nowhere") {
  CHECK(run("debug", {{"a", 1}}) == std::vector<Json>{{{"a", 1}}});
}

TEST_CASE("a program goes on after a record that it failed on") {
  JqProgram program = compiled(".n + 1");
  for (int round = 0; round < 3; ++round) {
    const Json bad = {{"n", Json::object()}}, good = {{"n", round}};
    CHECK_FALSE(program.run(JqInput(bad)).ok());
    const Result<std::vector<Json>> outputs = program.run(JqInput(good));
    REQUIRE(outputs.ok());
    CHECK(outputs->at(0) == round + 1);
  }
}

TEST_CASE("every kind of value goes through unchanged") {
  const Json input = {{"null", nullptr},
                      {"yes", true},
                      {"no", false},
                      {"text", "Zo\u00eb \u4e2d\u6587 \U0001F600"},
                      {"nul", std::string("a\0b", 3)},
                      {"empty", ""},
                      {"list", {1, "two", {3.5}, Json::array()}},
                      {"deep", {{"a", {{"b", {{"c", -1}}}}}}},
                      {"\u00fc", 1}};
  CHECK(run(".", input) == std::vector<Json>{input});
  CHECK(run("{x: .}", input).at(0).at("x").dump() == input.dump());
}

TEST_CASE("numbers in their place stay as they are, digit for digit") {
  const Json input = {{"big", 9007199254740993},
                      {"negative", -9223372036854775807 - 1},
                      {"unsigned", 18446744073709551615ULL},
                      {"one", 1.0},
                      {"half", 0.5},
                      {"tiny", 5e-324},
                      {"minus_zero", -0.0},
                      {"list", {9007199254740993, 1.0}}};
  CHECK(run(".", input).at(0).dump() == input.dump());
  Json more = input;
  more["n"] = 1;
  CHECK(run(". + {n: 1}", input).at(0).dump() == more.dump());
}

TEST_CASE("whole numbers that jq computes are integers, others and large ones are not") {
  const Json out = run("{a: (.n * 2), b: (.n / 2), c: (.f + 0.5), d: 1e300, e: nan, f: infinite}",
                       {{"n", 3}, {"f", 1.5}})
                       .at(0);
  CHECK(out["a"].is_number_integer());
  CHECK(out["a"] == 6);
  CHECK(out["b"] == 1.5);
  CHECK(out["c"].dump() == "2");
  CHECK(out["d"] == 1e300);
  CHECK(out["e"].is_null());
  CHECK(out["f"] == std::numeric_limits<double>::max());
}

TEST_CASE("an integer that jq cannot hold is never moved elsewhere as another one") {
  const Json input = {{"id", 9007199254740993}, {"n", 9007199254740992}};
  CHECK(run_error("{key: .id}", input) ==
        "`where` ({key: .id}): gives a number near 9007199254740992 in a place where the record "
        "had none: it may be an integer of the record that is too large for jq, which holds "
        "integers exactly up to 2^53; move it with `rename`, or keep it as a text");
  // Others are no concern of that.
  CHECK(run("{key: (.id | type)}", input).at(0) == Json{{"key", "number"}});
  CHECK(run("{key: .n}", {{"n", 9007199254740992}}).at(0).dump() == R"({"key":9007199254740992})");
}

TEST_CASE("an expression holds when any of its values is neither false nor null") {
  const auto holds = [](const std::string& expression, const Json& input) {
    JqProgram program = compiled(expression);
    const Result<bool> result = program.holds(JqInput(input));
    REQUIRE(result.ok());
    return *result;
  };
  const Json input = {{"n", 0}, {"tags", {"a", "b"}}};
  CHECK(holds(".n", input));  // 0 is true, as in jq
  CHECK(holds(".n == 0", input));
  CHECK_FALSE(holds(".n > 0", input));
  CHECK_FALSE(holds(".missing", input));
  CHECK_FALSE(holds("empty", input));
  CHECK(holds(".tags[] == \"b\"", input));
  CHECK_FALSE(holds(".tags[] == \"c\"", input));
  // What comes after the first that holds is not asked for.
  CHECK(holds("true, error(\"late\")", input));
}

TEST_CASE("programs on 8 threads do not meet, regular expressions included") {
  std::atomic<int> wrong{0};
  on_8_threads([&](int thread) {
    Result<JqProgram> program = JqProgram::compile(
        "where", "select(.t | test(\"^\\\\p{L}+ " + std::to_string(thread) + "$\"))");
    if (!program) {
      ++wrong;
      return;
    }
    for (int i = 0; i < 200; ++i) {
      const Json input = {{"t", "Zo\u00eb " + std::to_string(i % 10)}};
      const Result<bool> holds = program->holds(JqInput(input));
      if (!holds || *holds != (i % 10 == thread)) ++wrong;
    }
  });
  CHECK(wrong == 0);
}

}  // namespace rare::basic
