// A merged pipeline to typed engine keys.
#pragma once

#include <string>

#include "engine/config/config_value.h"
#include "engine/config/diagnostics.h"
#include "engine/config/overlay.h"
#include "engine/config/pipeline.h"

namespace rare::engine {

// REQUIRES: `merged` is made of files that went through check_shape(). `file` as on the command
// line.
PipelineConfig type_pipeline(const ConfigValue& merged, const NodesAbove& nodes,
                             const std::string& file, Diagnostics& diagnostics);

}  // namespace rare::engine
