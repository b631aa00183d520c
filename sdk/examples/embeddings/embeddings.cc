// embeddings: vectors of texts, from an endpoint.
#include "embed.h"

RARE_PLUGIN("embeddings", "1.0.0") {
  registrar.add<embeddings::HttpEmbeddings>();
  registrar.add<embeddings::Embed>();
}
