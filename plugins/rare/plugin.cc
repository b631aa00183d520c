#include "rare/plugin.h"

#include "answer_check.h"
#include "doc2query.h"
#include "reason_distill.h"
#include "verify_negatives.h"

RARE_PLUGIN("rare", "1.0.0") {
  registrar.add<rare::distill::AnswerCheck>();
  registrar.add<rare::distill::Doc2Query>();
  registrar.add<rare::distill::ReasonDistill>();
  registrar.add<rare::distill::VerifyNegatives>();
}
