#include "rare/plugin.h"

#include "plugins/llm/generate.h"
#include "plugins/llm/judge.h"
#include "plugins/llm/local_service.h"
#include "plugins/llm/openai_service.h"

RARE_PLUGIN("llm", "1.0.0") {
  registrar.add<rare::llm::OpenAiService>();
  registrar.add<rare::llm::LocalService>();
  registrar.add<rare::llm::Generate>();
  registrar.add<rare::llm::Judge>();
}
