#include "rare/plugin.h"
#include "plugins/kafka/read_source.h"
#include "plugins/kafka/write_sink.h"

RARE_PLUGIN("kafka", "1.0.0") {
  registrar.add<rare::kafka::ReadSource>();
  registrar.add<rare::kafka::WriteSink>();
}
