#include "plugins/prompt/prompt_template.h"

#include "catch.h"

using rare::Json;
using rare::prompt::PromptTemplate;

namespace {

std::string rendered(std::string_view text, const Json& values,
                     const Json& record = Json::object()) {
  auto parsed = PromptTemplate::parse("p", text);
  if (!parsed.ok()) return "parse: " + parsed.status().message();
  auto out = parsed->render(values, record);
  return out.ok() ? *out : "render: " + out.status().message();
}

}  // namespace

TEST_CASE("a name gives its value, from the values before the record") {
  CHECK(rendered("<{{text}}>", {{"text", "cut"}}, {{"text", "whole"}}) == "<cut>");
  CHECK(rendered("{{ title }}", Json::object(), {{"title", "T"}}) == "T");
  CHECK(rendered("{{n}} {{list}}", Json::object(), {{"n", 3}, {"list", {1, 2}}}) == "3 [1,2]");
}

TEST_CASE("what a value holds is never taken for a tag") {
  CHECK(rendered("{{a}}", {{"a", "{{b}} \\frac{{1}}"}}) == "{{b}} \\frac{{1}}");
}

TEST_CASE("a loop repeats its body and takes the lines of its tags away") {
  const Json values = {
      {"title", "T"},
      {"passages", {{{"number", 1}, {"text", "a"}}, {{"number", 2}, {"text", "b"}}}}};
  CHECK(rendered("x\n{{#passages}}\n{{number}}: {{text}} ({{title}})\n{{/passages}}\ny\n",
                 values) == "x\n1: a (T)\n2: b (T)\ny\n");
  CHECK(rendered("{{#passages}}{{text}},{{/passages}} end", values) == "a,b, end");
  CHECK(rendered("[{{#none}}x{{/none}}]", {{"none", Json::array()}}) == "[]");
}

TEST_CASE("a loop over texts or numbers gives each item itself") {
  CHECK(rendered("{{#list}}- {{.}} of {{title}}\n{{/list}}", {{"list", {"a", 2}}},
                 {{"title", "T"}}) == "- a of T\n- 2 of T\n");
  CHECK(rendered("{{#list}}{{title}}{{/list}}", {{"list", {"a"}}}, {{"title", "T"}}) ==
        "render: p loops over {{#list}}, which holds something that is no object; {{.}} is such "
        "an item");
  CHECK(rendered("{{.}}", {{"list", {"a"}}}) ==
        "render: p asks for {{.}}, but the record has no field \".\"");
}

TEST_CASE("inside a loop the item's field hides the record's") {
  const Json values = {{"passages", {{{"text", "item"}}}}};
  CHECK(rendered("{{#passages}}{{text}}{{/passages}} {{text}}", values, {{"text", "record"}}) ==
        "item record");
}

TEST_CASE("JSON and single braces are plain text, and double ones can be written") {
  CHECK(rendered(R"(JSON: {"a": {"b": 1}} )", Json::object()) == R"(JSON: {"a": {"b": 1}} )");
  CHECK(rendered(R"({{"{{"}}x}})", Json::object()) == "{{x}}");
}

TEST_CASE("a name that nothing has is an error of the record that names both") {
  auto parsed = PromptTemplate::parse("questions: prompt", "{{titel}}");
  REQUIRE(parsed.ok());
  auto out = parsed->render(Json::object(), {{"title", "T"}});
  REQUIRE_FALSE(out.ok());
  CHECK(out.status().fault() == rare::Fault::record);
  CHECK(out.status().message() ==
        "questions: prompt asks for {{titel}}, but the record has no field \"titel\"");
  CHECK(rendered("{{a}}", {{"a", nullptr}}).find("has no field \"a\"") != std::string::npos);
  CHECK(rendered("{{#a}}{{/a}}", {{"a", "text"}}) ==
        "render: p loops over {{#a}}, but the record's \"a\" is no list");
}

TEST_CASE("a broken template is a configuration error with line and column") {
  auto parsed = PromptTemplate::parse("p", "one\ntwo {{text");
  REQUIRE_FALSE(parsed.ok());
  CHECK(parsed.status().fault() == rare::Fault::run);
  CHECK(parsed.status().code() == rare::StatusCode::invalid_argument);
  CHECK(parsed.status().message() == "p, line 2, column 5: {{ is never closed by }}");
  CHECK(rendered("{{#a}}x", {}) == "parse: p, line 1, column 1: {{#a}} has no {{/a}}");
  CHECK(rendered("{{/a}}", {}) == "parse: p, line 1, column 1: {{/a}} closes no {{#a}}");
  CHECK(rendered("{{#a}}{{#b}}{{/b}}{{/a}}", {}) ==
        "parse: p, line 1, column 7: a loop inside the loop over a");
  CHECK(rendered("{{}}", {}).find("\"{{}}\" is no {{name}}") != std::string::npos);
  CHECK(rendered("{{two words}}", {}).find("is no {{name}}") != std::string::npos);
}

TEST_CASE("a template says which names it uses") {
  auto parsed = PromptTemplate::parse("p", "{{a}}{{#b}}{{c}}{{/b}}");
  REQUIRE(parsed.ok());
  CHECK(parsed->uses("a"));
  CHECK(parsed->uses("b"));
  CHECK(parsed->uses("c"));
  CHECK_FALSE(parsed->uses("d"));
  CHECK(parsed->names() == std::vector<std::string>{"a", "b"});
  CHECK(parsed->loops_over("b"));
  CHECK_FALSE(parsed->loops_over("a"));
}
