// All that a plugin may include, in one header.
#pragma once

#include "rare/context.h"
#include "rare/json.h"
#include "rare/language_model.h"
#include "rare/operator.h"
#include "rare/plugin.h"
#include "rare/provenance.h"
#include "rare/random.h"
#include "rare/record.h"
#include "rare/reply_store.h"
#include "rare/search_index.h"
#include "rare/service.h"
#include "rare/sink.h"
#include "rare/source.h"
#include "rare/spec.h"
#include "rare/status.h"
#include "rare/task.h"
