#include "catch.h"
#include "engine/plugin/registry.h"

namespace rare::engine {
namespace {

struct Members {
  std::string text;
  bool flag = false;
  int count = 0;
  double share = 0;
  std::vector<std::string> list;
  Json anything;
  std::optional<int> maybe;
  std::string node;
};

Spec base() { return Spec("x"); }

std::string fault(const Spec& spec) {
  const Status status = check_spec(spec);
  if (!status.ok()) CHECK(status.code() == StatusCode::invalid_argument);
  return status.message();
}

TEST_CASE("a spec with every type, and defaults that fit, is sound") {
  CHECK(fault(base()
                  .param(&Members::text, "text", "a", "")
                  .choices({"a", "b"})
                  .param(&Members::flag, "flag", true, "")
                  .param(&Members::count, "count", 3, "")
                  .range(3, 3)
                  .param(&Members::share, "share", 1, "")
                  .range(0, 1)
                  .param(&Members::list, "list", std::vector<std::string>{"p"}, "")
                  .choices({"p", "q"})
                  .param(&Members::list, "paths", "p", "")
                  .or_single()
                  .input_path()
                  .param(&Members::anything, "anything", Json{{"k", 1}}, "")
                  .param(&Members::maybe, "maybe", std::nullopt, "")
                  .at_least(5)
                  .node(&Members::node, "from", "")
                  .reads_param("text")
                  .reads("body")
                  .writes("more")
                  .port("out")
                  .port("rest")
                  .counter("short", "short records")
                  .counter("long", "long records")) == "");
}

TEST_CASE("counters are checked") {
  CHECK(fault(base().counter("two words", "")) ==
        "component 'x': counter 'two words': a name has letters, digits, '.', '_' and '-'");
  CHECK(fault(base().counter("a", "").counter("a", "")) ==
        "component 'x': counter 'a' is declared twice");
}

TEST_CASE("names are checked") {
  CHECK(fault(Spec("")) == "a component has no name");
  CHECK(fault(Spec("two words")) ==
        "component 'two words': a name has letters, digits, '.', '_' and '-'");
  CHECK(fault(base().param(&Members::text, "", "", "")) ==
        "component 'x': a parameter has no name");
  CHECK(fault(base().param(&Members::text, "a.b", "", "")) ==
        "component 'x': parameter 'a.b': a name has letters, digits, '_' and '-'");
  CHECK(fault(base().param(&Members::text, "a", "", "").param(&Members::flag, "a", true, "")) ==
        "component 'x': parameter 'a' is declared twice");
}

TEST_CASE("a default of another type is a fault that shows it") {
  CHECK(fault(base().param(&Members::text, "p", 3, "")) ==
        "component 'x': parameter 'p': its default is 3, expected a text");
  CHECK(fault(base().param(&Members::flag, "p", 1, "")) ==
        "component 'x': parameter 'p': its default is 1, expected true or false");
  CHECK(fault(base().param(&Members::count, "p", 0.5, "")) ==
        "component 'x': parameter 'p': its default is 0.5, expected an integer");
  CHECK(fault(base().param(&Members::share, "p", "0.5", "")) ==
        "component 'x': parameter 'p': its default is \"0.5\", expected a finite number");
  CHECK(fault(base().param(&Members::share, "p", std::numeric_limits<double>::infinity(), "")) ==
        "component 'x': parameter 'p': its default is null, expected a finite number");
  CHECK(fault(base().param(&Members::list, "p", "one", "")) ==
        "component 'x': parameter 'p': its default is \"one\", expected a list of texts");
  CHECK(fault(base().param(&Members::list, "p", std::vector<int>{1}, "")) ==
        "component 'x': parameter 'p': its default is [1], expected a list of texts");
}

TEST_CASE("a default outside its range or choices is a fault") {
  CHECK(fault(base().param(&Members::count, "p", 11, "").range(1, 10)) ==
        "component 'x': parameter 'p': its default 11 is above the maximum 10");
  CHECK(fault(base().param(&Members::share, "p", -0.5, "").at_least(0.25)) ==
        "component 'x': parameter 'p': its default -0.5 is below the minimum 0.25");
  CHECK(fault(base().param(&Members::text, "p", "c", "").choices({"a", "b"})) ==
        "component 'x': parameter 'p': its default \"c\" is none of its choices");
  CHECK(fault(base()
                  .param(&Members::list, "p", std::vector<std::string>{"a", "d"}, "")
                  .choices({"a", "b"})) ==
        "component 'x': parameter 'p': its default \"d\" is none of its choices");
}

TEST_CASE("modifiers that contradict the type or one another are faults") {
  CHECK(fault(base().param(&Members::count, "p", 1, "").range(2, 1)) ==
        "component 'x': parameter 'p': its range is empty: 2 to 1");
  CHECK(fault(base().param(&Members::text, "p", "", "").range(0, 1)) ==
        "component 'x': parameter 'p': a range is only for a number");
  CHECK(fault(base().param(&Members::count, "p", 1, "").choices({"1"})) ==
        "component 'x': parameter 'p': choices are only for a text or a list of texts");
  CHECK(fault(base().param(&Members::text, "p", "a", "").choices({"a", "a"})) ==
        "component 'x': parameter 'p': one of its choices is named twice");
  CHECK(fault(base().param(&Members::flag, "p", true, "").input_path()) ==
        "component 'x': parameter 'p': only a text or a list of texts can be a path or a file");
  CHECK(fault(base().param(&Members::text, "p", "", "").or_single()) ==
        "component 'x': parameter 'p': or_single() is only for a list of texts");
  Spec both = base().required_param(&Members::text, "p", "");
  ParamSpec& param = const_cast<ParamSpec&>(both.params()[0]);
  param.default_value = "a";
  CHECK(fault(both) ==
        "component 'x': parameter 'p': it is required and has a default: it can be only one of "
        "them");
}

TEST_CASE("fields that no parameter names are faults") {
  CHECK(fault(base().reads_param("field")) ==
        "component 'x': reads the field named by parameter 'field', which it does not declare");
  CHECK(fault(base().param(&Members::count, "n", 1, "").writes_param("n")) ==
        "component 'x': writes the field named by parameter 'n', which is no text");
  CHECK(fault(base().writes("")) == "component 'x': writes a field without a name");
}

TEST_CASE("ports that a parameter names need a parameter of any value") {
  struct Named {
    Json routes;
    std::string text;
  };
  const auto with = [](const std::string& param) {
    Spec spec = base();
    spec.required_param(&Named::routes, "routes", "Where to.");
    spec.required_param(&Named::text, "text", "A text.");
    return fault(spec.ports_param(param));
  };
  CHECK(with("routes") == "");
  CHECK(with("text") ==
        "component 'x': ports are named by parameter 'text', which is no parameter of any value "
        "(rare::Json) of it");
  CHECK(with("other").find("'other'") != std::string::npos);
}

TEST_CASE("what a sink saves to is a file that it writes") {
  const auto with = [](const char* param) {
    auto spec = base();
    spec.param(&Members::text, "path", "", "File.").output_path();
    spec.param(&Members::text, "other", "", "No file.");
    return fault(spec.saves(param));
  };
  CHECK(with("path") == "");
  CHECK(with("other") ==
        "component 'x': saves to the file of parameter 'other', which is no output_path of it");
  CHECK(with("none").find("'none'") != std::string::npos);
}

TEST_CASE("what says that an input grows is true or false") {
  const auto with = [](const char* param) {
    auto spec = base();
    spec.param(&Members::flag, "append", false, "Whether it grows.");
    spec.param(&Members::text, "other", "", "No boolean.");
    return fault(spec.grows_by(param));
  };
  CHECK(with("append") == "");
  CHECK(with("other") == "component 'x': grows by parameter 'other', which is no boolean of it");
  CHECK(with("none").find("'none'") != std::string::npos);
}

TEST_CASE("what says that a node is deterministic is true or false") {
  const auto with = [](const char* param) {
    auto spec = base();
    spec.param(&Members::flag, "same", false, "Whether it is.");
    spec.param(&Members::text, "other", "", "No boolean.");
    return fault(spec.nondeterministic_unless(param));
  };
  CHECK(with("same") == "");
  CHECK(with("other") ==
        "component 'x': is deterministic by parameter 'other', which is no boolean of it");
  CHECK(with("none").find("'none'") != std::string::npos);
}

TEST_CASE("contents count of files that a parameter names") {
  auto spec = base();
  spec.param(&Members::text, "program", "", "A file.").contents_count();
  CHECK(fault(spec) ==
        "component 'x': parameter 'program': contents count of a file_or_name alone");
  CHECK(fault(spec.file_or_name()) == "");
}

TEST_CASE("ports are named once, and without the sign that parts node from port") {
  CHECK(fault(base().port("out").port("out")) == "component 'x': port 'out' is declared twice");
  CHECK(fault(base().port("")) ==
        "component 'x': port '': a name has letters, digits, '_' and '-'");
  CHECK(fault(base().port("a.b")) ==
        "component 'x': port 'a.b': '.' parts the node from its port and cannot be in a port's "
        "name");
}

}  // namespace
}  // namespace rare::engine
