// What the options of `run` (and, where they make sense, of the other verbs) say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/config/pipeline.h"

namespace rare::engine::cli {

struct RunOptions {
  LoadOptions load;                      // PIPELINE.yaml, -f, --set
  std::string state_dir;                 // empty: .rare/NAME
  std::string cache_file;                // empty: .rare/replies.db
  bool fresh = false;                    // begin anew; stored replies are kept
  std::optional<std::uint64_t> limit;    // the first N source records
  std::string shard;                     // I/N, auto/N or auto; empty: the whole run
  std::string out;                       // --out, of a shard
  std::vector<std::string> plugin_path;  // --plugin-path, in order
  std::string progress = "auto";         // auto, bar, plain, json, none
  std::string log_level = "info";        // with NAME=LEVEL of nodes and services (log.h)
  std::string log_format = "text";       // text, json
  bool profile = false;                  // what nodes and records cost
  std::optional<std::string> traces;     // the collector that traces of records go to
  std::optional<int> metrics_port;       // 0: any that is free
  std::optional<std::string> ui;         // [ADDRESS:]PORT of the live page; empty: any free one
  std::string color = "auto";            // auto, always, never
};

// Where `run` keeps what a pipeline's run knows of itself, unless --state-dir says otherwise.
inline std::string default_state_folder(const std::string& pipeline_name) {
  return ".rare/" + pipeline_name;
}

}  // namespace rare::engine::cli
