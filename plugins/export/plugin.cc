// The plugin export: finished records in the forms that trainers read.
#include "rare/plugin.h"
#include "retriever_sink.h"
#include "sft_sink.h"

RARE_PLUGIN("export", "1.0.0") {
  registrar.add<rare::exports::SftSink>();
  registrar.add<rare::exports::RetrieverSink>();
}
