#include "engine/cli/tool_verbs.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "engine/cli/component_text.h"
#include "engine/cli/run_account.h"
#include "engine/cli/verbs.h"
#include "engine/config/scalar.h"
#include "engine/graph/parameter_value.h"
#include "engine/runtime/run.h"

namespace rare::engine::cli {
namespace {

constexpr int kUsageError = 2;

// What was given for a tool's parameters, by their names.
struct GivenWords {
  std::map<std::string, std::vector<std::string>> texts;
  std::map<std::string, bool> flags;
  std::vector<std::string> plugin_path;  // read before (plugin_path_in)
};

class StandardStreams final : public ToolContext {
 public:
  explicit StandardStreams(std::string verb) : verb_(std::move(verb)) {}
  std::istream& in() override { return std::cin; }
  std::ostream& out() override { return std::cout; }
  void log(LogLevel level, std::string_view message) override {
    if (level == LogLevel::debug) return;
    const std::lock_guard lock(mutex_);
    std::cerr << "rare-engine " << verb_ << ": " << (level == LogLevel::warning ? "warning: " : "")
              << message << "\n";
  }
  Result<Json> run_account(const NamedRun& named) override { return cli::run_account(named); }

 private:
  std::string verb_;
  std::mutex mutex_;
};

std::string option_name(const ParamSpec& param) {
  if (param.name.size() == 1) return "-" + param.name;
  std::string name = "--" + param.name;
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

bool is_argument(const ToolUsage& usage, const std::string& name) {
  return std::find(usage.arguments.begin(), usage.arguments.end(), name) != usage.arguments.end();
}

ConfigValue value_of(const ParamSpec& param, const std::string& word) {
  ConfigValue value;
  value.kind = ConfigValue::Kind::scalar;
  value.text = word;
  const bool is_number = param.type == ParamType::integer || param.type == ParamType::number;
  value.scalar = is_number ? core_schema_value(word) : Json(word);
  return value;
}

ConfigValue value_of(const ParamSpec& param, const GivenWords& given) {
  ConfigValue value;
  if (const auto flag = given.flags.find(param.name); flag != given.flags.end()) {
    value.kind = ConfigValue::Kind::scalar;
    value.scalar = flag->second;
    return value;
  }
  const std::vector<std::string>& words = given.texts.at(param.name);
  if (words.empty()) return value;
  if (param.type != ParamType::text_list) return value_of(param, words.back());
  value.kind = ConfigValue::Kind::sequence;
  for (const std::string& word : words) value.items.push_back(value_of(param, word));
  return value;
}

// Every parameter's value, or nothing when one was told to be wrong.
std::optional<Json> values_of(const Spec& spec, const GivenWords& given) {
  const std::string prefix = "rare-engine " + typed_verb(spec) + ": ";
  Diagnostics diagnostics;
  Json values = Json::object();
  for (const ParamSpec& param : spec.params()) {
    ParamSpec shown = param;
    shown.name = option_name(param);
    const auto value = parameter_value(shown, value_of(param, given), prefix, diagnostics);
    if (value) values[param.name] = value->is_null() ? param.default_value : *value;
  }
  for (const Diagnostic& error : diagnostics.errors()) {
    std::cerr << error.message << "\n";
    if (!error.hint.empty()) std::cerr << "  " << error.hint << "\n";
  }
  if (!diagnostics.ok()) return std::nullopt;
  return values;
}

int run_tool(const ToolOffer& offer, const GivenWords& given) {
  const std::optional<Json> values = values_of(offer.usage.spec, given);
  if (!values) return kUsageError;
  const std::string verb = typed_verb(offer.usage.spec);
  StandardStreams streams(verb);
  std::optional<Result<int>> exit_code;
  try {
    exit_code = offer.make(*values)->run(streams);
  } catch (const std::exception& error) {
    exit_code = Status(StatusCode::internal, std::string("it threw: ") + error.what());
  }
  const int not_written = print_result("");
  if (exit_code->ok()) return not_written == 0 ? **exit_code : not_written;
  const Status status = exit_code->status();
  std::cerr << "rare-engine " << verb << ": " << status.message() << "\n";
  return exit_code_of(status);
}

std::string option_text(const ParamSpec& param) {
  std::string text = param.doc;
  if (!param.choices.empty() || param.type == ParamType::integer ||
      param.type == ParamType::number) {
    text += " (" + type_text(param) + ")";
  }
  if (param.required || param.type == ParamType::boolean || param.default_value.empty())
    return text;
  const Json& value = param.default_value;
  if (!value.is_string()) return text + " Default: " + value.dump();
  return value == "" ? text : text + " Default: " + value.get<std::string>();
}

void add_option(CLI::App& verb, const ToolUsage& usage, const ParamSpec& param, GivenWords& given) {
  if (param.type == ParamType::boolean) {
    verb.add_flag(option_name(param), given.flags[param.name], param.doc);
    return;
  }
  const bool argument = is_argument(usage, param.name);
  CLI::Option* option = verb.add_option(argument ? param.name : option_name(param),
                                        given.texts[param.name], option_text(param));
  option->required(param.required)->type_name(argument ? "" : "VALUE");
  const bool list = param.type == ParamType::text_list;
  if (list && argument) return;
  option->allow_extra_args(false);
  if (list) {
    option->take_all();
  } else {
    option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  }
}

const ParamSpec& param_named(const Spec& spec, const std::string& name) {
  return *std::find_if(spec.params().begin(), spec.params().end(),
                       [&](const ParamSpec& param) { return param.name == name; });
}

void add_options(CLI::App& verb, const ToolUsage& usage, GivenWords& given) {
  for (const std::string& name : usage.arguments) {
    add_option(verb, usage, param_named(usage.spec, name), given);
  }
  for (const ParamSpec& param : usage.spec.params()) {
    if (!is_argument(usage, param.name)) add_option(verb, usage, param, given);
  }
  add_plugin_path(verb, given.plugin_path);
}

bool has_verb(const CLI::App& app, const std::string& name) {
  const auto verbs = app.get_subcommands({});
  return std::any_of(verbs.begin(), verbs.end(),
                     [&](const CLI::App* verb) { return verb->get_name() == name; });
}

// The verb that has the tool's own verb, made when it is the first one; null when `app` has it as a
// verb of the engine's.
CLI::App* parent_of(CLI::App& app, const std::string& name, const std::string& plugin,
                    std::map<std::string, CLI::App*>& made) {
  if (const auto at = made.find(name); at != made.end()) return at->second;
  if (has_verb(app, name)) return nullptr;
  CLI::App* parent = app.add_subcommand(name, "verbs of the plugin " + plugin);
  parent->require_subcommand(1);
  return made[name] = parent;
}

}  // namespace

void add_tool_verbs(CLI::App& app, const Registry& registry, int& exit_code) {
  std::map<std::string, CLI::App*> parents;
  for (const auto& [name, tool] : registry.tools()) {
    const ToolUsage& usage = tool.offer.usage;
    const std::size_t dot = name.find('.');
    CLI::App* parent = &app;
    if (dot != std::string::npos)
      parent = parent_of(app, name.substr(0, dot), tool.plugin, parents);
    const std::string own = dot == std::string::npos ? name : name.substr(dot + 1);
    if (parent == nullptr || has_verb(*parent, own)) {
      std::cerr << "warning: the verb '" << typed_verb(usage.spec) << "' of " << tool.plugin_file
                << " is left out: the engine has one of that name\n";
      continue;
    }
    CLI::App& verb = *parent->add_subcommand(own, usage.spec.summary());
    const auto given = std::make_shared<GivenWords>();
    add_options(verb, usage, *given);
    std::string footer = usage.spec.description();
    if (!footer.empty()) footer = wrapped(footer, "") + "\n";
    footer += "Example:\n  ";
    for (const char letter : usage.examples)
      footer += letter == '\n' ? "\n  " : std::string(1, letter);
    verb.footer(footer + "\n");
    if (parent != &app) {
      parent->description(parent->get_description() +
                          (parent->get_subcommands({}).size() == 1 ? ": " : ", ") + own);
    }
    verb.callback(
        [&offer = tool.offer, given, &exit_code] { exit_code = run_tool(offer, *given); });
  }
}

std::vector<std::string> plugin_path_in(const std::vector<std::string>& words) {
  constexpr std::string_view kOption = "--plugin-path";
  std::vector<std::string> folders;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--") break;
    if (words[i] == kOption && i + 1 < words.size()) {
      folders.push_back(words[++i]);
    } else if (words[i].starts_with(std::string(kOption) + "=")) {
      folders.push_back(words[i].substr(kOption.size() + 1));
    }
  }
  return folders;
}

}  // namespace rare::engine::cli
