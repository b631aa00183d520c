#include "rare/plugin.h"

#include "chunk.h"

RARE_PLUGIN("text", "1.0.0") { registrar.add<rare::text::Chunk>(); }
