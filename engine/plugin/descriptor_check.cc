// The gate: what a plugin's descriptor says is compared with this engine, before anything of the
// plugin is loaded.
#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "engine/plugin/elf_section.h"
#include "engine/plugin/loader.h"

namespace rare::engine {
namespace {

// The descriptor comes from a file that nobody has checked: its texts may lack their end, and may
// hold anything.
template <std::size_t N>
std::string text_of(const char (&field)[N]) {
  std::string text(field, ::strnlen(field, N));
  for (char& c : text) {
    if (c < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

std::string version_text(std::uint32_t major, std::uint32_t minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

std::string bits_text(std::uint32_t pointer_bytes) {
  return std::to_string(std::uint64_t{pointer_bytes} * 8) + "-bit pointers";
}

std::string json_flags_text(std::uint32_t flags) {
  if (flags == 0) return "no JSON flags";
  if (flags == 1) return "JSON_DIAGNOSTICS";
  return "JSON flags " + std::to_string(flags);
}

std::string remedy(const PluginDescriptor& engine) {
  return "rebuild the plugin against SDK " + version_text(engine.sdk_major, engine.sdk_minor);
}

Status refused(const std::string& plugin_has, const std::string& engine_has,
               const PluginDescriptor& engine) {
  return Status(StatusCode::invalid_argument, "built with " + plugin_has + ", this engine with " +
                                                  engine_has + ": " + remedy(engine));
}

}  // namespace

Result<PluginDescriptor> read_descriptor(const std::string& file) {
  const Result<std::string> section = read_elf_section(file, kPluginSection);
  if (!section.ok()) {
    if (section.status().code() != StatusCode::not_found) return section.status();
    return Status(
        StatusCode::not_found,
        "no plugin descriptor: not built with rare_add_plugin(), or RARE_PLUGIN is missing");
  }
  // A descriptor of another SDK may be shorter: check_descriptor() tells by what could be read.
  PluginDescriptor descriptor{};
  std::memcpy(&descriptor, section->data(), std::min(section->size(), sizeof(descriptor)));
  return descriptor;
}

Status check_descriptor(const PluginDescriptor& plugin) {
  constexpr PluginDescriptor kEngine = make_plugin_descriptor("rare-engine", "");
  if (std::memcmp(plugin.magic, kEngine.magic, sizeof(plugin.magic)) != 0) {
    return Status(StatusCode::invalid_argument,
                  "its descriptor begins with '" + text_of(plugin.magic) +
                      "', this engine reads '" + text_of(kEngine.magic) + "': " + remedy(kEngine));
  }
  if (plugin.struct_size != kEngine.struct_size) {
    return refused("a descriptor of " + std::to_string(plugin.struct_size) + " bytes",
                   std::to_string(kEngine.struct_size) + " bytes", kEngine);
  }
  if (plugin.sdk_major != kEngine.sdk_major || plugin.sdk_minor != kEngine.sdk_minor) {
    return refused("SDK " + version_text(plugin.sdk_major, plugin.sdk_minor),
                   "SDK " + version_text(kEngine.sdk_major, kEngine.sdk_minor), kEngine);
  }
  if (plugin.pointer_bytes != kEngine.pointer_bytes) {
    return refused(bits_text(plugin.pointer_bytes), bits_text(kEngine.pointer_bytes), kEngine);
  }
  if (text_of(plugin.cxx_abi) != text_of(kEngine.cxx_abi)) {
    return refused(text_of(plugin.cxx_abi), text_of(kEngine.cxx_abi), kEngine);
  }
  if (text_of(plugin.json_version) != text_of(kEngine.json_version)) {
    return refused("nlohmann JSON " + text_of(plugin.json_version),
                   "nlohmann JSON " + text_of(kEngine.json_version), kEngine);
  }
  if (plugin.json_flags != kEngine.json_flags) {
    return refused(json_flags_text(plugin.json_flags), json_flags_text(kEngine.json_flags),
                   kEngine);
  }
  if (text_of(plugin.plugin_name).empty()) {
    return Status(StatusCode::invalid_argument,
                  "its descriptor has no name: give one in RARE_PLUGIN(\"name\", \"version\")");
  }
  return Status();
}

}  // namespace rare::engine
