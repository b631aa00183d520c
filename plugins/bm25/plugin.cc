// The plugin bm25: a search index that ranks as Lucene does, and the operator that mines it.
#include "rare/plugin.h"
#include "plugins/bm25/analyze_tool.h"
#include "plugins/bm25/hard_negatives.h"
#include "plugins/bm25/index_service.h"
#include "plugins/bm25/index_tools.h"
#include "rare/tool.h"

RARE_PLUGIN("bm25", "1.0.0") {
  registrar.add<rare::bm25::IndexService>();
  registrar.add<rare::bm25::HardNegatives>();
}

RARE_PLUGIN_TOOLS {
  tools.add<rare::bm25::AnalyzeTool>();
  tools.add<rare::bm25::IndexBuildTool>();
  tools.add<rare::bm25::IndexInfoTool>();
  tools.add<rare::bm25::IndexSearchTool>();
  tools.add<rare::bm25::IndexVerifyTool>();
}
