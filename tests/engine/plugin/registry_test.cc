#include "engine/plugin/registry.h"

#include "catch.h"

namespace rare::engine {
namespace {

Component component(const std::string& name, ComponentKind kind = ComponentKind::operator_) {
  return Component{Spec(name).summary("For a test."), kind, {}, {}, {}, {}, {}};
}

LoadedPlugin plugin(const std::string& name) {
  return LoadedPlugin{name, "1.0.0", "plugins/" + name + ".so", {}, {}};
}

TEST_CASE("a registry finds what was added, by name") {
  Registry registry;
  REQUIRE(registry.add(plugin("a"), {component("a.two"), component("a.one")}).ok());
  CHECK(registry.names() == std::vector<std::string>{"a.one", "a.two"});
  REQUIRE(registry.find("a.one") != nullptr);
  CHECK(registry.find("a.one")->plugin == "a");
  CHECK(registry.find("a.one")->plugin_file == "plugins/a.so");
  CHECK(registry.find("a.three") == nullptr);
  REQUIRE(registry.plugins().size() == 1);
  CHECK(registry.plugins()[0].components == std::vector<std::string>{"a.one", "a.two"});
}

TEST_CASE("addresses of components stay while others are added") {
  Registry registry;
  REQUIRE(registry.add(plugin("a"), {component("m")}).ok());
  const RegisteredComponent* first = registry.find("m");
  for (int i = 0; i < 200; ++i) {
    const std::string name = "p" + std::to_string(i);
    REQUIRE(registry.add(plugin(name), {component(name + ".x")}).ok());
  }
  CHECK(registry.find("m") == first);
}

TEST_CASE(
    "a name of two plugins is an error that names both files, and nothing of the second stays") {
  Registry registry;
  REQUIRE(registry.add(plugin("a"), {component("echo")}).ok());
  const Status status = registry.add(plugin("b"), {component("b.own"), component("echo")});
  CHECK(status.code() == StatusCode::already_exists);
  CHECK(status.message() ==
        "component 'echo' comes from both plugins/a.so and plugins/b.so: remove one of the two "
        "files or rename the component");
  CHECK(registry.find("b.own") == nullptr);
  CHECK(registry.find("echo")->plugin == "a");
  CHECK(registry.plugins().size() == 1);
}

TEST_CASE("only an operator has counters") {
  Registry registry;
  Component counting = component("echo", ComponentKind::sink);
  counting.spec.counter("short", "short records");
  CHECK(registry.add(plugin("a"), {counting}).message() ==
        "component 'echo': only an operator has counters, this one names 'short'");
  counting.kind = ComponentKind::async_operator;
  CHECK(registry.add(plugin("a"), {counting}).ok());
}

TEST_CASE("a name twice in one plugin is an error") {
  Registry registry;
  const Status status = registry.add(plugin("a"), {component("echo"), component("echo")});
  CHECK(status.code() == StatusCode::already_exists);
  CHECK(status.message() ==
        "component 'echo' is registered twice by plugins/a.so: give each component a name of its "
        "own");
  CHECK(registry.names().empty());
}

TEST_CASE("what a kind of component cannot have is an error") {
  Registry registry;
  Component gathering = component("g", ComponentKind::async_operator);
  gathering.spec.gather();
  CHECK(registry.add(plugin("a"), {gathering}).message() ==
        "component 'g': gather() is only for an Operator");
  Component sink = component("s", ComponentKind::sink);
  sink.spec.port("rest");
  CHECK(registry.add(plugin("a"), {sink}).message() ==
        "component 's': a sink or service has no ports, this one names 'rest'");
  Component whole_set = component("w", ComponentKind::operator_);
  whole_set.spec.gather();
  CHECK(registry.add(plugin("a"), {whole_set}).ok());
}

}  // namespace
}  // namespace rare::engine
