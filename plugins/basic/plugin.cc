#include "rare/plugin.h"

#include "count.h"
#include "dedupe.h"
#include "delay.h"
#include "exec.h"
#include "filter.h"
#include "flatten.h"
#include "limit.h"
#include "map.h"
#include "route.h"
#include "sample.h"
#include "sort.h"

RARE_PLUGIN("basic", "1.0.0") {
  registrar.add<rare::basic::Count>();
  registrar.add<rare::basic::Dedupe>();
  registrar.add<rare::basic::Delay>();
  registrar.add<rare::basic::Exec>();
  registrar.add<rare::basic::Filter>();
  registrar.add<rare::basic::Flatten>();
  registrar.add<rare::basic::Limit>();
  registrar.add<rare::basic::Map>();
  registrar.add<rare::basic::Route>();
  registrar.add<rare::basic::Sample>();
  registrar.add<rare::basic::Sort>();
}
