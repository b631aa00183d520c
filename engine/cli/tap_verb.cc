#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "engine/cli/run_account.h"
#include "engine/cli/running.h"
#include "engine/cli/verbs.h"
#include "engine/config/diagnostics.h"
#include "engine/runtime/run.h"

namespace rare::engine::cli {
namespace {

constexpr std::chrono::milliseconds kBetweenAsks{200};

struct TapOptions {
  RunChoice run;
  std::string place;  // NODE or NODE.PORT
  std::uint64_t limit = 0;
};

std::string nearest_node(const RemoteRun& run, const std::string& node) {
  std::vector<std::string> names;
  for (const Json& known : run.facts().value("nodes", Json::array())) {
    names.push_back(known.value("name", ""));
  }
  const std::string near = nearest_name(node, names);
  return near.empty() || near == node ? std::string() : "; did you mean '" + near + "'?";
}

// A node's name has no dot in it.
int tap(const TapOptions& options) {
  const std::size_t dot = options.place.find('.');
  const std::string node = options.place.substr(0, dot);
  const std::string port = dot == std::string::npos ? "" : options.place.substr(dot + 1);
  const Result<std::string> folder = run_folder(options.run);
  if (!folder) return refused_choice(folder.status());
  const Result<RemoteRun> run = attach(*folder);
  if (!run) return refused(run.status());
  std::uint64_t next = 0, shown = 0, passed_before = 0, passed = 0;
  bool is_first = true;
  const auto account = [&] {
    std::cerr << shown << " shown of " << passed - passed_before << " that passed\n";
    return kExitDone;
  };
  for (;; std::this_thread::sleep_for(kBetweenAsks)) {
    const Result<Json> taken = run->samples(node, port, next);
    if (!taken && taken.status().code() == StatusCode::not_found) {
      std::cerr << how_it_ended(*folder) << "\n";
      return account();
    }
    if (!taken) {
      return refused(
          Status(taken.status().code(), taken.status().message() + nearest_node(*run, node)));
    }
    next = taken->value("next", next);
    passed = taken->value("passed", passed);
    // What somebody else's tap saw before is not of this one.
    if (std::exchange(is_first, false)) {
      passed_before = passed;
      continue;
    }
    for (const Json& sample : taken->value("samples", Json::array())) {
      const std::string line = sample.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
      if (print_result(line) != kExitDone) return kExitFailed;
      if (++shown == options.limit) return account();
    }
  }
}

}  // namespace

void add_tap_verb(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<TapOptions>();
  CLI::App& verb = *app.add_subcommand(
      "tap", "show now and then a record that leaves a node of a run that goes on");
  add_run_choice(verb, options->run);
  verb.add_option("NODE", options->place, "the node, or NODE.PORT; of a sink, what reaches it")
      ->type_name("NODE[.PORT]")
      ->required();
  verb.add_option("--limit", options->limit, "end after so many samples")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 62).description(""));
  verb.footer(
      "One JSON object a line: {\"seq\", \"elapsed_s\", \"id\", \"port\", \"record\"}; at most 20 "
      "a second are\n"
      "taken, and a record of more than 64 KiB comes as the beginning of its text (\"cut\", "
      "\"text\").\n"
      "The run goes on as before. Ctrl-C ends the tap, not the run.\n"
      "Examples:\n"
      "  rare-engine tap pipelines/rare.yaml questions | jq .record.question\n"
      "  rare-engine tap .rare/rare documents --limit 3\n");
  verb.callback([options, &exit_code] { exit_code = tap(*options); });
}

}  // namespace rare::engine::cli
