#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

#include "engine/config/overlay.h"
#include "engine/config/pipeline.h"
#include "engine/config/pipeline_keys.h"
#include "engine/config/pipeline_typing.h"
#include "engine/config/substitution.h"
#include "engine/config/yaml_reader.h"

namespace rare::engine {
namespace {

namespace fs = std::filesystem;

class Loader {
 public:
  explicit Loader(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  PipelineConfig load(const LoadOptions& options) {
    ConfigValue merged = load_file(options.file, Location{}, FileRole::pipeline);
    for (const std::string& overlay : options.overlays) {
      apply_overlay(merged, load_file(overlay, Location{}, FileRole::overlay), nodes_);
    }
    for (const std::string& setting : options.settings) {
      apply_setting(merged, setting, nodes_, diagnostics_);
    }
    substitute_variables(merged, diagnostics_);
    bool readable = merged.kind == ConfigValue::Kind::map;
    if (!readable) return type_pipeline(ConfigValue{}, nodes_, options.file, diagnostics_);
    return type_pipeline(merged, nodes_, options.file, diagnostics_);
  }

 private:
  // The file with what it extends; null when it cannot be read (reported). `named_at` is where
  // another file names it.
  ConfigValue load_file(const std::string& file, const Location& named_at, FileRole role) {
    std::string text;
    if (!read_text(file, named_at, text)) return {};
    std::string folder = fs::path(file).parent_path().string();
    std::optional<ConfigValue> value = read_yaml(text, file, folder, diagnostics_);
    if (!value) return {};
    bool extends = value->kind == ConfigValue::Kind::map && value->find("extends") != nullptr;
    check_shape(*value, extends ? FileRole::overlay : role, diagnostics_);
    if (value->kind != ConfigValue::Kind::map) return {};
    loaded_.push_back(identity_of(file));
    if (extends) return extend(std::move(*value), file, role);
    if (role == FileRole::pipeline) record_nodes_above(*value, nodes_);
    return std::move(*value);
  }

  ConfigValue extend(ConfigValue value, const std::string& file, FileRole role) {
    ConfigValue name = *value.find("extends");
    value.erase("extends");
    substitute_variables(name, diagnostics_);
    if (name.kind != ConfigValue::Kind::scalar || name.text.empty()) {
      diagnostics_.error(name.where,
                         "extends: expected the path of a pipeline file, got " + name.describe());
      return value;
    }
    std::string base_file = (fs::path(file).parent_path() / name.text).lexically_normal().string();
    std::string identity = identity_of(base_file);
    chain_.push_back(identity_of(file));
    if (std::find(chain_.begin(), chain_.end(), identity) != chain_.end()) {
      diagnostics_.error(name.where, "extends: '" + name.text + "' extends this file in turn");
      chain_.pop_back();
      return value;
    }
    // An overlay that extends the very file it is put over brings only its own changes.
    bool is_in_already = role == FileRole::overlay &&
                         std::find(loaded_.begin(), loaded_.end(), identity) != loaded_.end();
    if (!is_in_already) {
      ConfigValue base = load_file(base_file, name.where, role);
      if (base.kind == ConfigValue::Kind::map) {
        apply_overlay(base, std::move(value), nodes_);
        value = std::move(base);
      }
    }
    chain_.pop_back();
    return value;
  }

  bool read_text(const std::string& file, const Location& named_at, std::string& text) {
    std::error_code error;
    std::string reason;
    if (fs::is_directory(file, error)) {
      reason = "it is a folder";
    } else {
      std::ifstream stream(file, std::ios::binary);
      if (stream) {
        text.assign(std::istreambuf_iterator<char>(stream), {});
        if (!stream.bad()) return true;
      }
      reason = std::strerror(errno);
    }
    Location where = named_at.file.empty() ? Location{file, 0, 0} : named_at;
    diagnostics_.error(where, "cannot read '" + file + "': " + reason);
    return false;
  }

  static std::string identity_of(const std::string& file) {
    std::error_code error;
    fs::path path = fs::weakly_canonical(file, error);
    return error ? file : path.string();
  }

  Diagnostics& diagnostics_;
  NodesAbove nodes_;
  std::vector<std::string> loaded_;  // every file that was read
  std::vector<std::string> chain_;   // files that extend the one being read
};

}  // namespace

PipelineConfig load_pipeline(const LoadOptions& options, Diagnostics& diagnostics) {
  return Loader(diagnostics).load(options);
}

}  // namespace rare::engine
