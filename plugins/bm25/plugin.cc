// The plugin bm25: a search index that ranks as Lucene does, and the operator that mines it.
#include "rare/plugin.h"
#include "plugins/bm25/analyze_tool.h"
#include "plugins/bm25/hard_negatives.h"
#include "plugins/bm25/index_service.h"
#include "rare/tool.h"

RARE_PLUGIN("bm25", "1.0.0") {
  registrar.add<rare::bm25::IndexService>();
  registrar.add<rare::bm25::HardNegatives>();
}

RARE_PLUGIN_TOOLS { tools.add<rare::bm25::AnalyzeTool>(); }
