// The verb `cache`: what is in the reply store, and what is taken out of it.
#pragma once

#include <optional>
#include <string>

#include "engine/state/reply_report.h"

namespace rare::engine::cli {

struct CacheOptions {
  std::string file = ".rare/replies.db";
  ReplyFilter filter;
  std::optional<std::string> older_than_days;  // checked: digits
  bool damaged = false;
  bool force = false;
  bool json = false;
};

// Each prints its result to standard output, messages to standard error, and returns the exit code.
int show_cache_stats(const CacheOptions& options);
// Needs at least one condition.
int prune_cache(const CacheOptions& options);
// Damaged replies are left out and counted on standard error; the exit code is 1 then.
int export_cache(const CacheOptions& options);

}  // namespace rare::engine::cli
