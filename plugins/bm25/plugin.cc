// The plugin bm25: a search index that ranks as Lucene does, and the operator that mines it.
#include "rare/plugin.h"
#include "plugins/bm25/hard_negatives.h"
#include "plugins/bm25/index_service.h"

RARE_PLUGIN("bm25", "1.0.0") {
  registrar.add<rare::bm25::IndexService>();
  registrar.add<rare::bm25::HardNegatives>();
}
