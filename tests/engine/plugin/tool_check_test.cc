#include "catch.h"
#include "engine/plugin/registry.h"

namespace rare::engine {
namespace {

struct ToolMembers {
  std::string text;
  std::vector<std::string> list;
  bool flag = false;
  Json json;
};

// What is wrong with a verb "index.build" of these parameters and arguments.
std::string tool_fault(Spec spec, std::vector<std::string> arguments,
                       const std::string& examples = "rare-engine index build x") {
  const Status status = check_tool({std::move(spec), std::move(arguments), examples});
  return status.message();
}

Spec index_build() { return Spec("index.build").summary("builds"); }

TEST_CASE("a sound verb") {
  CHECK(tool_fault(index_build()
                       .required_param(&ToolMembers::text, "corpus", "What.")
                       .param(&ToolMembers::flag, "fast", false, "How.")
                       .param(&ToolMembers::list, "more", std::vector<std::string>{}, "What else."),
                   {"corpus", "more"}) == "");
  CHECK(typed_verb(index_build()) == "index build");
}

TEST_CASE("a verb's parameters must be what a command line can give") {
  const std::string verb = "the verb 'index build': ";
  CHECK(tool_fault(index_build().param(&ToolMembers::json, "any", std::nullopt, "Any."), {}) ==
        verb + "parameter 'any': no service, node or JSON can be given on the command line");
  CHECK(tool_fault(index_build().param(&ToolMembers::flag, "slow", true, "How."), {}) ==
        verb + "parameter 'slow': a flag is false until it is given; turn its meaning round");
  CHECK(tool_fault(index_build().param(&ToolMembers::text, "help", "", "Help."), {}) ==
        verb + "parameter 'help': every verb has this option already");
}

TEST_CASE("a verb's arguments must be parameters that can stand alone") {
  const std::string verb = "the verb 'index build': ";
  CHECK(tool_fault(index_build(), {"corpus"}) ==
        verb + "its argument 'corpus' is no parameter of it");
  Spec all = index_build()
                 .param(&ToolMembers::text, "one", "", "One.")
                 .param(&ToolMembers::list, "many", std::vector<std::string>{}, "Many.")
                 .param(&ToolMembers::flag, "flag", false, "Flag.");
  CHECK(tool_fault(all, {"one", "one"}) == verb + "its argument 'one' is named twice");
  CHECK(tool_fault(all, {"flag"}) == verb + "its argument 'flag' is a flag");
  CHECK(tool_fault(all, {"many", "one"}) ==
        verb + "its argument 'many' is a list and not the last one");
}

TEST_CASE("a verb has an example") {
  CHECK(tool_fault(index_build(), {}, "") ==
        "the verb 'index build': it has no example that begins with 'rare-engine index build'");
}

}  // namespace
}  // namespace rare::engine
