#include "rare/spec.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catch.h"

using rare::Json;
using rare::ParamSpec;
using rare::ParamType;
using rare::Spec;
using rare::TextRole;

namespace {

struct Clock {
  static constexpr std::string_view kInterface = "test.Clock/1";
};

struct Everything {
  std::string text;
  bool flag = false;
  int small = 0;
  std::uint64_t big = 0;
  double number = 0;
  std::vector<std::string> list;
  Json any;
  std::optional<std::string> maybe_text;
  std::optional<int> maybe_small;
  Clock* clock = nullptr;
  std::string node;

  static Spec spec() {
    return Spec("test.everything")
        .summary("All types.")
        .description("At length.")
        .version(3)
        .param(&Everything::text, "text", "a", "A text.")
        .choices({"a", "b"})
        .param(&Everything::flag, "flag", true, "A flag.")
        .param(&Everything::small, "small", 4, "A number.")
        .range(1, 10)
        .unit("s")
        .param(&Everything::big, "big", std::uint64_t{1} << 63, "A big number.")
        .no_effect_on_result()
        .param(&Everything::number, "number", 0.5, "A number.")
        .at_least(0)
        .param(&Everything::list, "list", std::vector<std::string>{"x"}, "Texts.")
        .or_single()
        .input_path()
        .param(&Everything::any, "any", Json{{"k", 1}}, "Anything.")
        .param(&Everything::maybe_text, "maybe_text", std::nullopt, "A text or none.")
        .secret()
        .file_or_name()
        .param(&Everything::maybe_small, "maybe_small", std::nullopt, "A number or none.")
        .service(&Everything::clock, "clock", "A clock.")
        .node(&Everything::node, "node", "A node.")
        .required_param(&Everything::text, "needed", "Needed.")
        .text_or_file()
        .reads("text")
        .reads_param("text")
        .writes("made")
        .writes_param("needed")
        .port("good")
        .port("bad")
        .nondeterministic();
  }
};

const ParamSpec& param(const Spec& spec, const std::string& name) {
  for (const ParamSpec& p : spec.params()) {
    if (p.name == name) return p;
  }
  throw std::out_of_range(name);
}

void apply(Everything& to, const std::string& name, const Json& value) {
  param(Everything::spec(), name).apply(&to, value, {});
}

}  // namespace

TEST_CASE("a member's type gives the parameter's type") {
  const Spec spec = Everything::spec();
  CHECK(param(spec, "text").type == ParamType::text);
  CHECK(param(spec, "flag").type == ParamType::boolean);
  CHECK(param(spec, "small").type == ParamType::integer);
  CHECK(param(spec, "big").type == ParamType::integer);
  CHECK(param(spec, "number").type == ParamType::number);
  CHECK(param(spec, "list").type == ParamType::text_list);
  CHECK(param(spec, "any").type == ParamType::json);
  CHECK(param(spec, "maybe_text").type == ParamType::text);
  CHECK(param(spec, "maybe_small").type == ParamType::integer);
  CHECK(param(spec, "clock").type == ParamType::service);
  CHECK(param(spec, "node").type == ParamType::node);
}

TEST_CASE("defaults and modifiers belong to the parameter named last") {
  const Spec spec = Everything::spec();
  CHECK(param(spec, "text").default_value == "a");
  CHECK(param(spec, "text").choices == std::vector<std::string>{"a", "b"});
  CHECK(param(spec, "flag").choices.empty());
  CHECK(param(spec, "small").minimum == 1.0);
  CHECK(param(spec, "small").maximum == 10.0);
  CHECK(param(spec, "small").unit == "s");
  CHECK(param(spec, "number").minimum == 0.0);
  CHECK_FALSE(param(spec, "number").maximum);
  CHECK(param(spec, "big").default_value.get<std::uint64_t>() == std::uint64_t{1} << 63);
  CHECK_FALSE(param(spec, "big").affects_result);
  CHECK(param(spec, "list").text_or_list);
  CHECK(param(spec, "list").role == TextRole::input_path);
  CHECK(param(spec, "maybe_text").default_value.is_null());
  CHECK(param(spec, "maybe_text").secret);
  CHECK(param(spec, "maybe_text").role == TextRole::file_or_name);
  CHECK_FALSE(param(spec, "maybe_text").affects_result);
  CHECK(param(spec, "clock").required);
  CHECK(param(spec, "clock").interface == "test.Clock/1");
  CHECK(param(spec, "needed").required);
  CHECK(param(spec, "needed").default_value.is_null());
  CHECK(param(spec, "needed").role == TextRole::text_or_file);
  CHECK(param(spec, "text").affects_result);
}

TEST_CASE("a spec tells name, texts, fields, ports and kind") {
  const Spec spec = Everything::spec();
  CHECK(spec.name() == "test.everything");
  CHECK(spec.summary() == "All types.");
  CHECK(spec.description() == "At length.");
  CHECK(spec.version() == 3);
  REQUIRE(spec.reads().size() == 2);
  CHECK_FALSE(spec.reads()[0].by_param);
  CHECK(spec.reads()[1].by_param);
  REQUIRE(spec.writes().size() == 2);
  CHECK(spec.writes()[1].name == "needed");
  CHECK(spec.ports() == std::vector<std::string>{"good", "bad"});
  CHECK(spec.is_nondeterministic());
  CHECK(spec.deterministic_param().empty());
  CHECK_FALSE(spec.is_gather());
  CHECK(Spec("x").gather().is_gather());
  const Spec by_param = Spec("x").nondeterministic_unless("same");
  CHECK(by_param.is_nondeterministic());
  CHECK(by_param.deterministic_param() == "same");
}

TEST_CASE("apply puts a value of each type into the component") {
  Everything to;
  apply(to, "text", "b");
  apply(to, "flag", true);
  apply(to, "small", -7);
  apply(to, "big", 18446744073709551615ULL);
  apply(to, "number", 3);
  apply(to, "list", {"p", "q"});
  apply(to, "any", {{"deep", {1, 2}}});
  apply(to, "maybe_text", "t");
  apply(to, "maybe_small", 5);
  apply(to, "node", "documents");
  CHECK(to.text == "b");
  CHECK(to.flag);
  CHECK(to.small == -7);
  CHECK(to.big == 18446744073709551615ULL);
  CHECK(to.number == 3.0);
  CHECK(to.list == std::vector<std::string>{"p", "q"});
  CHECK(to.any == Json{{"deep", {1, 2}}});
  CHECK(to.maybe_text == "t");
  CHECK(to.maybe_small == 5);
  CHECK(to.node == "documents");
}

TEST_CASE("null empties what may be empty and leaves the rest as it was") {
  Everything to;
  to.text = "kept";
  to.small = 3;
  to.maybe_text = "t";
  to.maybe_small = 1;
  to.any = 5;
  apply(to, "text", nullptr);
  apply(to, "small", nullptr);
  apply(to, "maybe_text", nullptr);
  apply(to, "maybe_small", nullptr);
  apply(to, "any", nullptr);
  CHECK(to.text == "kept");
  CHECK(to.small == 3);
  CHECK_FALSE(to.maybe_text);
  CHECK_FALSE(to.maybe_small);
  CHECK(to.any.is_null());
}

TEST_CASE("a service is resolved by name and interface") {
  Everything to;
  Clock clock;
  std::string asked;
  param(Everything::spec(), "clock")
      .apply(&to, "main", [&](const std::string& name, std::string_view interface) -> void* {
        asked = name + " " + std::string(interface);
        return &clock;
      });
  CHECK(asked == "main test.Clock/1");
  CHECK(to.clock == &clock);
}

TEST_CASE("a spec may be copied: its parameters work on any instance") {
  const Spec first = Everything::spec();
  const Spec second = first;
  Everything one, two;
  param(second, "text").apply(&one, "1", {});
  param(first, "text").apply(&two, "2", {});
  CHECK(one.text == "1");
  CHECK(two.text == "2");
}

namespace {

struct Narrow {
  std::int32_t wide = 0;
  std::uint8_t byte = 0;
  std::int64_t long_one = 0;
  std::optional<std::uint32_t> maybe;

  static Spec spec() {
    return Spec("test.narrow")
        .param(&Narrow::wide, "wide", 0, "A number.")
        .param(&Narrow::byte, "byte", 0, "A number.")
        .range(-5, 1000)
        .param(&Narrow::long_one, "long_one", 0, "A number.")
        .param(&Narrow::maybe, "maybe", std::nullopt, "A number or none.")
        .at_least(1);
  }
};

}  // namespace

TEST_CASE("a number's range is never wider than its member", "[spec]") {
  const Spec spec = Narrow::spec();
  CHECK(param(spec, "wide").minimum == -2147483648.0);
  CHECK(param(spec, "wide").maximum == 2147483647.0);
  CHECK_FALSE(param(spec, "wide").stated_minimum());
  CHECK_FALSE(param(spec, "wide").stated_maximum());
  CHECK(param(spec, "byte").minimum == 0.0);
  CHECK(param(spec, "byte").stated_maximum() == 255.0);
  CHECK(param(spec, "maybe").stated_minimum() == 1.0);
  CHECK(param(spec, "maybe").maximum == 4294967295.0);
}

TEST_CASE("a value that its member cannot hold is refused, not cut off", "[spec]") {
  const Spec spec = Narrow::spec();
  Narrow to;
  param(spec, "long_one").apply(&to, Json(INT64_MAX), {});
  CHECK(to.long_one == INT64_MAX);
  const Json too_large(static_cast<std::uint64_t>(INT64_MAX) + 1);
  CHECK_THROWS_AS(param(spec, "long_one").apply(&to, too_large, {}), std::out_of_range);
  CHECK(to.long_one == INT64_MAX);
  CHECK_THROWS_AS(param(spec, "wide").apply(&to, Json(3000000000), {}), std::out_of_range);
  CHECK_THROWS_AS(param(spec, "maybe").apply(&to, Json(-1), {}), std::out_of_range);
  CHECK_FALSE(to.maybe);
}
