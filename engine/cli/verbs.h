// The verbs: each file adds one to the command line. What a verb returns becomes the exit code.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/cli/run_options.h"
#include "rare/status.h"

namespace CLI {
class App;
}

namespace rare::engine::cli {

// When a verb was chosen, parsing the command line runs it and sets `exit_code`.
void add_run_verb(CLI::App& app, int& exit_code);
void add_validate_verb(CLI::App& app, int& exit_code);
void add_plan_verb(CLI::App& app, int& exit_code);
void add_operators_verb(CLI::App& app, int& exit_code);
void add_plugins_verb(CLI::App& app, int& exit_code);
void add_schema_verb(CLI::App& app, int& exit_code);
void add_preview_verb(CLI::App& app, int& exit_code);
void add_status_verb(CLI::App& app, int& exit_code);
void add_top_verb(CLI::App& app, int& exit_code);
void add_tap_verb(CLI::App& app, int& exit_code);
void add_retry_verb(CLI::App& app, int& exit_code);
void add_finish_verb(CLI::App& app, int& exit_code);
void add_explain_verb(CLI::App& app, int& exit_code);
void add_cache_verb(CLI::App& app, int& exit_code);
void add_check_models_verb(CLI::App& app, int& exit_code);
void add_new_plugin_verb(CLI::App& app, int& exit_code);

// Options that several verbs share.
void add_pipeline_options(CLI::App& verb, RunOptions& options);  // PIPELINE.yaml, -f, --set
void add_overlay_options(CLI::App& verb, LoadOptions& options);  // -f, --set
void add_state_dir(CLI::App& verb, std::string& state_dir);      // --state-dir
void add_reply_file(CLI::App& verb, std::string& file);          // --cache
void add_progress(CLI::App& verb, std::string& style);
void add_plugin_path(CLI::App& verb, std::vector<std::string>& plugin_path);
void add_color(CLI::App& verb, std::string& color);
void add_metrics_port(CLI::App& verb, std::optional<int>& port);
void add_ui(CLI::App& verb, std::optional<std::string>& place);
void add_profile(CLI::App& verb, bool& profile);
void add_traces(CLI::App& verb, std::optional<std::string>& endpoint);
void add_log_level(CLI::App& verb, std::string& log_level);
void add_log_format(CLI::App& verb, std::string& format);
void set_up_log(const RunOptions& options);  // as the two say

// Writes a verb's result to standard output; `exit_code`, or 1 and a message when it cannot be
// written.
int print_result(const std::string& text, int exit_code = 0);

// "rare-engine: MESSAGE", or "rare-engine VERB: MESSAGE", to standard error; the exit code of the
// status.
int refused(const Status& status, const std::string& verb = "");

}  // namespace rare::engine::cli
