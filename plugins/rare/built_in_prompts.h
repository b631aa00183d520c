// The prompts of this plugin's operators, made from the files in prompts/ when it is built.
#pragma once

#include <string_view>

namespace rare::distill {

extern const std::string_view kAnswerCheckPrompt;
extern const std::string_view kAnswerCheckSystem;
extern const std::string_view kDoc2QueryPrompt;
extern const std::string_view kDoc2QuerySystem;
extern const std::string_view kDoc2QueryInstructions;  // one a line
extern const std::string_view kReasonDistillPrompt;
extern const std::string_view kReasonDistillSystem;
extern const std::string_view kVerifyNegativesPrompt;
extern const std::string_view kVerifyNegativesSystem;

}  // namespace rare::distill
