#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "rare/plugin.h"

namespace {

class Shout final : public rare::Operator {
 public:
  static rare::Spec spec() {
    return rare::Spec("shout.upper")
        .param(&Shout::field, "field", "text", "Field.")
        .param(&Shout::times, "times", 2, "Times.");
  }
  rare::Status process(rare::Record record, rare::Output& out) override {
    return out.emit(std::move(record));
  }
  std::string field;
  int times = 0;
};

class Wait final : public rare::AsyncOperator {
 public:
  static rare::Spec spec() { return rare::Spec("shout.wait"); }
  rare::Task<rare::Status> process(rare::Record, rare::Output&) override {
    co_return rare::Status();
  }
};

class List final : public rare::Registrar {
 public:
  void add_component(rare::Component component) override {
    components.push_back(std::move(component));
  }
  std::vector<rare::Component> components;
};

}  // namespace

RARE_PLUGIN("shout", "1.2.3") {
  registrar.add<Shout>();
  registrar.add<Wait>();
}

TEST_CASE("the descriptor holds what a loader compares, as plain bytes") {
  static_assert(std::is_trivially_copyable_v<rare::PluginDescriptor>);
  static_assert(std::is_standard_layout_v<rare::PluginDescriptor>);
  const rare::PluginDescriptor& d = rare_plugin_descriptor;
  CHECK(std::string(d.magic, 8) == "RAREPLG1");
  CHECK(d.struct_size == sizeof(rare::PluginDescriptor));
  CHECK(d.sdk_major == RARE_SDK_VERSION_MAJOR);
  CHECK(d.sdk_minor == RARE_SDK_VERSION_MINOR);
  CHECK(d.pointer_bytes == sizeof(void*));
  CHECK(d.json_flags == 0);
  CHECK(std::string(d.cxx_abi) == "libstdc++ C++11 strings");
  CHECK(std::string(d.json_version) == std::to_string(NLOHMANN_JSON_VERSION_MAJOR) + "." +
                                           std::to_string(NLOHMANN_JSON_VERSION_MINOR) + "." +
                                           std::to_string(NLOHMANN_JSON_VERSION_PATCH));
  CHECK(std::string(d.plugin_name) == "shout");
  CHECK(std::string(d.plugin_version) == "1.2.3");
}

TEST_CASE("the descriptor's fields stay where every released loader looks for them") {
  CHECK(offsetof(rare::PluginDescriptor, magic) == 0);
  CHECK(offsetof(rare::PluginDescriptor, struct_size) == 8);
  CHECK(offsetof(rare::PluginDescriptor, sdk_major) == 12);
  CHECK(offsetof(rare::PluginDescriptor, sdk_minor) == 16);
  CHECK(offsetof(rare::PluginDescriptor, pointer_bytes) == 20);
  CHECK(offsetof(rare::PluginDescriptor, json_flags) == 24);
  CHECK(offsetof(rare::PluginDescriptor, cxx_abi) == 28);
  CHECK(offsetof(rare::PluginDescriptor, json_version) == 60);
  CHECK(offsetof(rare::PluginDescriptor, plugin_name) == 76);
  CHECK(offsetof(rare::PluginDescriptor, plugin_version) == 140);
}

TEST_CASE("registering gives each component its kind, spec and the one factory of that kind") {
  List list;
  rare_plugin_register(list);
  REQUIRE(list.components.size() == 2);
  const rare::Component& shout = list.components[0];
  CHECK(shout.spec.name() == "shout.upper");
  CHECK(shout.kind == rare::ComponentKind::operator_);
  REQUIRE(shout.make_operator);
  CHECK_FALSE(shout.make_async_operator);
  CHECK_FALSE(shout.make_source);
  CHECK_FALSE(shout.make_sink);
  CHECK_FALSE(shout.make_service);
  CHECK(list.components[1].kind == rare::ComponentKind::async_operator);
  CHECK(list.components[1].make_async_operator);

  const std::unique_ptr<rare::Operator> made =
      shout.make_operator({{"field", "title"}, {"times", 5}}, {});
  const auto& instance = dynamic_cast<const Shout&>(*made);
  CHECK(instance.field == "title");
  CHECK(instance.times == 5);
}
