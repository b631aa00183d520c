// What `--shard` says, and what it makes of the process.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <thread>

#include "engine/cli/run_options.h"
#include "engine/runtime/shard_run.h"
#include "rare/status.h"

namespace rare::engine::cli {

// --shard and --out.
CLI::Option* add_shard(CLI::App& verb, RunOptions& options, const std::string& what);
CLI::Option* add_out(CLI::App& verb, RunOptions& options);

// Empty where `text` is I/N with I below N, auto or auto/N; else what was expected.
std::string is_shard(const std::string& text);

// REQUIRES: is_shard(text) is empty. For auto the number is from the environment: the first of
// SLURM_ARRAY_TASK_ID and JOB_COMPLETION_INDEX that is set; an error (invalid_argument) where
// neither is a number.
Result<ShardSettings> shard_settings(const std::string& text, std::string folder);

// As long as it lives, the process is told to end (SIGTERM) when the one that started it ends, or
// when nobody reads its standard output any more, and soon after that to cut what is in flight: a
// shard whose scheduler is gone must not go on beside the next attempt.
class EndsWithParent {
 public:
  EndsWithParent();
  ~EndsWithParent();
  EndsWithParent(const EndsWithParent&) = delete;
  EndsWithParent& operator=(const EndsWithParent&) = delete;

 private:
  void watch() const;
  const int parent_;
  int wake_[2] = {-1, -1};
  std::thread watching_;
};

}  // namespace rare::engine::cli
