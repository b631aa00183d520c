// rare-engine: reads the command line and hands over to the verb.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "engine/cli/load.h"
#include "engine/cli/tool_verbs.h"
#include "engine/cli/verbs.h"
#include "engine/config/diagnostics.h"
#include "engine/observe/log.h"
#include "engine/runtime/crash_report.h"
#include "rare/plugin.h"

namespace rare::engine::cli {
namespace {

constexpr int kUsageError = 2;

std::vector<std::string> verb_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands({})) names.push_back(verb->get_name());
  return names;
}

void add_verbs(CLI::App& app, int& exit_code) {
  add_run_verb(app, exit_code);
  add_validate_verb(app, exit_code);
  add_plan_verb(app, exit_code);
  add_check_models_verb(app, exit_code);
  add_preview_verb(app, exit_code);
  add_status_verb(app, exit_code);
  add_top_verb(app, exit_code);
  add_tap_verb(app, exit_code);
  add_retry_verb(app, exit_code);
  add_finish_verb(app, exit_code);
  add_explain_verb(app, exit_code);
  add_operators_verb(app, exit_code);
  add_plugins_verb(app, exit_code);
  add_schema_verb(app, exit_code);
  add_cache_verb(app, exit_code);
  add_new_plugin_verb(app, exit_code);
  app.require_subcommand(1);
  app.set_version_flag("--version", "rare-engine " RARE_ENGINE_VERSION
                                    " (SDK " RARE_TEXT_OF(RARE_SDK_VERSION_MAJOR) "." RARE_TEXT_OF(
                                        RARE_SDK_VERSION_MINOR) ", nlohmann JSON " RARE_JSON_VERSION
                                                                ", " RARE_CXX_ABI ")");
  app.footer(
      "Examples:\n"
      "  rare-engine pipelines/rare.yaml        the same as rare-engine run pipelines/rare.yaml\n"
      "  rare-engine run --help                 the options of a verb\n");
}

bool has_verb(const CLI::App& app, const std::string& word) {
  const std::vector<std::string> names = verb_names(app);
  return std::find(names.begin(), names.end(), word) != names.end();
}

// Whether a first word that is no verb of the engine's can be one of a plugin's.
bool is_word(const std::string& word) {
  return !word.empty() && word[0] != '-' && word.find_first_of("./") == std::string::npos;
}

// Whether a first word that is no verb is meant as a pipeline file.
bool looks_like_a_file(const std::string& word) {
  std::error_code error;
  return word.find_first_of("./") != std::string::npos || std::filesystem::exists(word, error);
}

int unknown_verb(const CLI::App& app, const Registry& registry, const std::string& word) {
  const std::vector<std::string> names = verb_names(app);
  const std::string nearest = nearest_name(word, names);
  std::cerr << "rare-engine: '" << word << "' is no verb and no pipeline file\n";
  if (!nearest.empty()) std::cerr << "  did you mean '" << nearest << "'?\n";
  std::cerr << "  verbs:";
  for (const std::string& name : names) std::cerr << " " << name;
  std::cerr << "\n";
  report_refused(registry, "auto");  // one of them may have brought the verb
  return kUsageError;
}

// The option that was meant by one that the verb does not know; empty: none is near.
std::string nearest_option(const CLI::App& verb, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return nearest_name(word.substr(0, word.find('=')), names);
}

int usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* deepest = &app;
  std::string name = "rare-engine";
  while (!deepest->get_subcommands().empty()) {
    deepest = deepest->get_subcommands().front();
    name += " " + deepest->get_name();
  }
  const CLI::App& verb = *deepest;
  const std::vector<std::string> unknown = verb.remaining();
  if (unknown.empty()) {
    std::cerr << name << ": " << error.what() << "\n";
  } else if (unknown.front().rfind('-', 0) == 0) {
    std::cerr << name << ": unknown option '" << unknown.front() << "'\n";
    const std::string nearest = nearest_option(verb, unknown.front());
    if (!nearest.empty()) std::cerr << "  did you mean '" << nearest << "'?\n";
  } else if (const std::vector<std::string> verbs = verb_names(verb); !verbs.empty()) {
    std::cerr << name << ": '" << unknown.front() << "' is none of its verbs:";
    for (const std::string& known : verbs) std::cerr << " " << known;
    std::cerr << "\n";
  } else {
    std::cerr << name << ": '" << unknown.front() << "' is one argument too many\n";
  }
  std::cerr << "  '" << name << " --help' shows what it takes, with an example\n";
  return kUsageError;
}

int parse_and_run(std::vector<std::string> words) {
  int exit_code = 0;
  std::unique_ptr<Registry> registry;
  CLI::App app("Turns text into training data, by pipelines of operators.", "rare-engine");
  add_verbs(app, exit_code);
  if (words.empty()) {
    std::cerr << app.help();
    return kUsageError;
  }
  const std::string first = words.front();
  const bool wants_help = first == "-h" || first == "--help";
  if (wants_help || (!has_verb(app, first) && is_word(first))) {
    registry = load_registry(plugin_path_in(words), Wanted::verbs);
    add_tool_verbs(app, *registry, exit_code);
  }
  if (!wants_help && first != "--version" && !has_verb(app, first)) {
    if (registry != nullptr && !looks_like_a_file(first))
      return unknown_verb(app, *registry, first);
    words.insert(words.begin(), "run");
  }
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
  try {
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    // Help and version come as errors with the code 0.
    return error.get_exit_code() == 0 ? app.exit(error) : usage_error(app, error);
  }
  return exit_code;
}

}  // namespace
}  // namespace rare::engine::cli

int main(int argc, char** argv) {
  rare::engine::report_crashes();
  // A limit on the sizes of files is then an error of the write that meets it, with a message.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    const int exit_code =
        rare::engine::cli::parse_and_run(std::vector<std::string>(argv + 1, argv + argc));
    rare::engine::log_all_repeats();
    return exit_code;
  } catch (const std::exception& error) {
    std::cerr << "rare-engine: a defect of the engine: " << error.what() << "\n";
    return 1;
  }
}
