#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/cli/run_account.h"
#include "engine/cli/running.h"
#include "engine/cli/verbs.h"
#include "engine/observe/progress.h"
#include "engine/observe/remote_run.h"
#include "engine/runtime/run.h"

namespace rare::engine::cli {
namespace {

struct TopOptions {
  RunChoice run;
  bool json = false;
  bool once = false;
  double every_s = 0;  // 0: a second on a terminal, else ten
};

std::string heading(const RemoteRun& run) {
  return run.facts().value("name", "") + ": " + run.state() + ", pid " +
         std::to_string(run.facts().value("pid", 0)) + ", " + run.facts().value("state_folder", "");
}

// Until the run ends. False: what is shown cannot be written.
bool show(const RemoteRun& run, const TopOptions& options, LiveBlock* block) {
  if (block != nullptr) {
    TerminalSize size = terminal_size(STDOUT_FILENO);
    size.rows = std::max<std::size_t>(2, size.rows - 1);
    auto lines = progress_block(run.progress(), run.pace(), size, characters_of_locale());
    std::string first = heading(run);
    if (columns_of(first) > size.columns) first.resize(size.columns);
    lines.insert(lines.begin(), std::move(first));
    block->show(std::move(lines));
    return true;
  }
  const std::string line = options.json
                               ? run.said().dump(-1, ' ', false, Json::error_handler_t::replace)
                               : progress_line(run.progress(), run.pace());
  return print_result(line + "\n") == kExitDone;
}

int watch_run(const TopOptions& options) {
  const Result<std::string> folder = run_folder(options.run);
  if (!folder) return refused_choice(folder.status());
  Result<RemoteRun> run = attach(*folder);
  if (!run) return refused(run.status());
  const bool draws = !options.json && !options.once && ::isatty(STDOUT_FILENO) == 1;
  LiveBlock block(STDOUT_FILENO);
  const std::chrono::duration<double> between(options.every_s > 0 ? options.every_s
                                                                  : (draws ? 1.0 : 10.0));
  for (;;) {
    if (!show(*run, options, draws ? &block : nullptr)) return kExitFailed;
    if (options.once) return kExitDone;
    std::this_thread::sleep_for(between);
    const Status looked = run->look();
    if (looked.ok()) continue;
    if (looked.code() != StatusCode::not_found) return refused(looked);
    std::cerr << how_it_ended(*folder) << "\n";
    return kExitDone;
  }
}

}  // namespace

void add_top_verb(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<TopOptions>();
  CLI::App& verb =
      *app.add_subcommand("top", "watch a run that goes on in another terminal, until it ends");
  add_run_choice(verb, options->run);
  verb.add_flag("--json", options->json, "a line of JSON each time");
  verb.add_flag("--once", options->once, "look once");
  verb.add_option("--every", options->every_s,
                  "seconds between looks (default: 1 on a terminal, else 10)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.1, 86400.0).description(""));
  verb.footer(
      "The run notices nothing of it. Ctrl-C ends the watching, not the run.\n"
      "Examples:\n"
      "  rare-engine top pipelines/rare.yaml\n"
      "  rare-engine top .rare/rare --once --json\n");
  verb.callback([options, &exit_code] { exit_code = watch_run(*options); });
}

}  // namespace rare::engine::cli
