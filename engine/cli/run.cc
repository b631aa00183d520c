#include "engine/cli/run.h"

#include <unistd.h>

#include "engine/cli/load.h"
#include "engine/observe/log.h"
#include "engine/runtime/run.h"

namespace rare::engine::cli {

int run_command(const RunOptions& options) {
  set_log_level(options.log_level);
  const std::optional<Loaded> loaded = load(options);
  if (!loaded) return kExitConfiguration;
  RunSettings settings;
  const std::string& name = loaded->plan.config.name;
  settings.state_folder = options.state_dir.empty() ? ".rare/" + name : options.state_dir;
  settings.reply_file = options.cache_file.empty() ? ".rare/replies.db" : options.cache_file;
  settings.fresh = options.fresh;
  settings.limit = options.limit;
  const auto style = progress_style(options.progress, ::isatty(STDERR_FILENO) == 1);
  settings.progress = style.value_or(ProgressStyle::plain);
  return run_pipeline(loaded->plan, settings);
}

}  // namespace rare::engine::cli
