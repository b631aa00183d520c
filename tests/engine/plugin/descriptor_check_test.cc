#include <cstring>

#include "catch.h"
#include "engine/plugin/loader.h"
#include "fixture_files.h"
#include "patched_plugin.h"

namespace rare::engine {
namespace {

using test::bytes_of;
using test::fixture;
using test::ScratchFolder;

std::string verdict(const std::string& file) {
  const Result<PluginDescriptor> descriptor = read_descriptor(file);
  if (!descriptor.ok()) return descriptor.status().message();
  return check_descriptor(*descriptor).message();
}

// What the gate says of a plugin with `bytes` at `offset` of its descriptor.
std::string verdict(std::size_t offset, const std::string& bytes) {
  const ScratchFolder folder;
  test::write_patched_plugin(RARE_TEST_PLUGINS, folder / "p.so", offset, bytes);
  return verdict(folder / "p.so");
}

std::string engine_json() { return RARE_JSON_VERSION; }

TEST_CASE("a sound plugin's descriptor names it and passes the gate") {
  const Result<PluginDescriptor> descriptor = read_descriptor(fixture("good"));
  REQUIRE(descriptor.ok());
  CHECK(std::string(descriptor->plugin_name) == "good");
  CHECK(std::string(descriptor->plugin_version) == "1.2.3");
  CHECK(check_descriptor(*descriptor).ok());
}

// A text without an end, and with a character that no terminal should see, is shown safely.
TEST_CASE("each mismatch is one line that names both sides and what to do") {
  CHECK(verdict(offsetof(PluginDescriptor, magic), "RAREPLG0") ==
        "its descriptor begins with 'RAREPLG0', this engine reads 'RAREPLG1': rebuild the plugin "
        "against SDK 1.4");
  CHECK(verdict(offsetof(PluginDescriptor, struct_size), bytes_of(12)) ==
        "built with a descriptor of 12 bytes, this engine with " +
            std::to_string(sizeof(PluginDescriptor)) +
            " bytes: rebuild the plugin against SDK 1.4");
  CHECK(verdict(offsetof(PluginDescriptor, sdk_major), bytes_of(9) + bytes_of(4)) ==
        "built with SDK 9.4, this engine with SDK 1.4: rebuild the plugin against SDK 1.4");
  CHECK(verdict(offsetof(PluginDescriptor, pointer_bytes), bytes_of(4)) ==
        "built with 32-bit pointers, this engine with 64-bit pointers: rebuild the plugin against "
        "SDK 1.4");
  CHECK(verdict(offsetof(PluginDescriptor, cxx_abi), std::string("libc++ 1\0", 9)) ==
        "built with libc++ 1, this engine with " RARE_CXX_ABI
        ": rebuild the plugin against SDK 1.4");
  CHECK(verdict(offsetof(PluginDescriptor, json_version), "777777777777777\x1b") ==
        "built with nlohmann JSON 777777777777777?, this engine with nlohmann JSON " +
            engine_json() + ": rebuild the plugin against SDK 1.4");
  CHECK(verdict(offsetof(PluginDescriptor, json_flags), bytes_of(1)) ==
        "built with JSON_DIAGNOSTICS, this engine with no JSON flags: rebuild the plugin against "
        "SDK 1.4");
  CHECK(verdict(offsetof(PluginDescriptor, plugin_name), std::string(1, '\0')) ==
        "its descriptor has no name: give one in RARE_PLUGIN(\"name\", \"version\")");
}

TEST_CASE("a library without a descriptor was not built as a plugin") {
  CHECK(verdict(fixture("no_descriptor")) ==
        "no plugin descriptor: not built with rare_add_plugin(), or RARE_PLUGIN is missing");
}

TEST_CASE("another minor version of the SDK is refused, too: its interfaces may differ") {
  PluginDescriptor descriptor = make_plugin_descriptor("p", "1");
  REQUIRE(check_descriptor(descriptor).ok());
  descriptor.sdk_minor += 1;
  CHECK(check_descriptor(descriptor).message() ==
        "built with SDK 1.5, this engine with SDK 1.4: rebuild the plugin against SDK 1.4");
}

}  // namespace
}  // namespace rare::engine
