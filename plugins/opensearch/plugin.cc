// The plugin opensearch: a corpus's search index on a cluster.
#include "rare/plugin.h"
#include "plugins/opensearch/search_service.h"

RARE_PLUGIN("opensearch", "1.0.0") { registrar.add<rare::opensearch::SearchService>(); }
