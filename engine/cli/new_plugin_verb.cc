#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "engine/cli/load.h"
#include "engine/cli/plugin_template.h"
#include "engine/cli/verbs.h"

namespace rare::engine::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kRefused = 2, kNotWritten = 4;
constexpr std::string_view kNameInTemplate = "my_plugin";
constexpr std::size_t kLongestName = 40;

struct NewPluginOptions {
  std::string name;
  std::string kind = "operator";
};

// What CMake and ctest call targets and tests of their own.
bool is_taken(const std::string& name) {
  const std::vector<std::string> taken{
      "all",     "clean",          "depend",     "edit_cache",
      "example", "help",           "install",    "list_install_components",
      "package", "package_source", "preinstall", "rebuild_cache",
      "test"};
  return std::find(taken.begin(), taken.end(), name) != taken.end();
}

std::string wrong_name(const std::string& name) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const bool fits = !name.empty() && name.size() <= kLongestName && is_letter(name[0]) &&
                    std::all_of(name.begin(), name.end(), [&](char c) {
                      return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
                    });
  if (fits && !is_taken(name)) return "";
  return "'" + name + "' is no name for a plugin: expected " +
         (fits ? std::string("one that the build does not use itself")
               : "small letters, digits and _, a letter first, at most " +
                     std::to_string(kLongestName) + " of them") +
         ", such as sentiment";
}

// Empty, or which installed plugin has the name: the engine refuses one of two that bring the same
// component, and could refuse its own.
std::string installed_clash(const std::string& name) {
  const auto registry = load_registry({});
  const auto taken = [&](const std::string& by, const std::string& file) {
    return "the name '" + name + "' is taken: " + by + " is installed (" + file +
           "), and of two that bring the same component the engine refuses one; name another one";
  };
  for (const LoadedPlugin& plugin : registry->plugins()) {
    if (plugin.name == name) return taken("plugin '" + name + "'", plugin.file);
  }
  for (const std::string& component : registry->names()) {
    if (!component.starts_with(name + ".")) continue;
    return taken("'" + component + "'", registry->find(component)->plugin_file);
  }
  return "";
}

// Empty, or what stands where the folder is to be.
std::string in_the_way(const std::string& name) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(name, error))) return "";
  if (!fs::is_directory(name, error)) {
    return "'" + name + "' is there already and no folder: name another one, or remove it";
  }
  if (fs::is_empty(name, error) && !error) return "";
  return "'" + name + "' is there already: name another one, or remove it";
}

std::string with_name(std::string_view text, const std::string& name) {
  std::string result;
  for (std::size_t at = 0;;) {
    const std::size_t found = text.find(kNameInTemplate, at);
    result += text.substr(at, found - at);
    if (found == std::string_view::npos) return result;
    result += name;
    at = found + kNameInTemplate.size();
  }
}

// Empty, or what could not be written.
std::string write_project(const NewPluginOptions& options) {
  for (const TemplateFile& file : template_files()) {
    if (file.kind != "project" && file.kind != options.kind) continue;
    const fs::path path = fs::path(options.name) / with_name(file.path, options.name);
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    std::ofstream out(path, std::ios::binary);
    out << with_name(file.text, options.name) << std::flush;
    if (!out.good()) return path.string() + " cannot be written; is the disk full, or read-only?";
  }
  return "";
}

// What CMake must be told to find the SDK of this engine; empty where it looks by itself.
std::string prefix_option() {
  std::error_code error;
  const fs::path prefix =
      fs::read_symlink("/proc/self/exe", error).parent_path() / RARE_PREFIX_FROM_ENGINE;
  const std::string text = prefix.lexically_normal().string();
  if (error || !fs::is_directory(prefix / RARE_SDK_PACKAGE, error)) {
    return " -DCMAKE_PREFIX_PATH=PREFIX   # PREFIX: where `cmake --install` put the engine's SDK";
  }
  if (text == "/usr/" || text == "/usr/local/") return "";
  return " -DCMAKE_PREFIX_PATH='" + text + "'";
}

int make_plugin(const NewPluginOptions& options) {
  const auto refused = [](const std::string& why, int exit_code) {
    std::cerr << "rare-engine new-plugin: " << why << "\n";
    return exit_code;
  };
  if (const std::string wrong = wrong_name(options.name); !wrong.empty()) {
    return refused(wrong, kRefused);
  }
  if (const std::string wrong = installed_clash(options.name); !wrong.empty()) {
    return refused(wrong, kRefused);
  }
  if (const std::string wrong = in_the_way(options.name); !wrong.empty()) {
    return refused(wrong, kRefused);
  }
  if (const std::string wrong = write_project(options); !wrong.empty()) {
    return refused(wrong, kNotWritten);
  }
  return print_result(options.name + "/" + options.name +
                      ".cc is the plugin; beside it are its test and example.yaml, a "
                      "pipeline that uses it. Next:\n"
                      "  cd " +
                      options.name +
                      "\n"
                      "  cmake -B build" +
                      prefix_option() +
                      "\n"
                      "  cmake --build build\n"
                      "  ctest --test-dir build --output-on-failure\n"
                      "  rare-engine run example.yaml --plugin-path build\n");
}

}  // namespace

void add_new_plugin_verb(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<NewPluginOptions>();
  CLI::App& verb = *app.add_subcommand(
      "new-plugin", "make a folder with a plugin of your own: source, test, pipeline, build");
  verb.add_option("NAME", options->name, "the plugin's name, and the folder's")->required();
  verb.add_option("--kind", options->kind,
                  "operator (CPU work), async (waits for a service), source, sink or service "
                  "(default: operator)")
      ->type_name("KIND")
      ->check(CLI::IsMember({"operator", "async", "source", "sink", "service"}));
  verb.footer("Example:\n  rare-engine new-plugin sentiment --kind async\n");
  verb.callback([options, &exit_code] { exit_code = make_plugin(*options); });
}

}  // namespace rare::engine::cli
