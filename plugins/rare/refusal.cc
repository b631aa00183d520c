#include "refusal.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "plugins/phrases/phrase_rule.h"
#include "plugins/prompt/asking_operator.h"

namespace rare::distill {

namespace {

using phrases::PhraseRule;
using phrases::PhraseRules;
using phrases::Script;

constexpr std::size_t kBytesLookedAt = 240;

const PhraseRule::Groups& refusal_groups() {
  static const PhraseRule::Groups groups = {
      {"cannot",
       {"cannot", "can not", "can t", "could not", "couldn t", "am unable to", "m unable to",
        "am not able to", "m not able to", "will not", "won t", "am not allowed to",
        "m not allowed to", "am not comfortable", "m not comfortable", "must decline to",
        "have to decline to", "need to decline to", "decline to"}},
      {"serve", {"help",     "assist",   "answer", "comply",   "provide", "fulfill", "fulfil",
                 "complete", "discuss",  "engage", "continue", "respond", "support", "write",
                 "create",   "generate", "share",  "give",     "do that", "do this", "process"}},
      {"无法", {"无法", "不能", "没法", "没有办法", "不便", "不会", "难以"}},
      {"效劳",
       {"回答", "提供", "协助", "帮助", "帮您", "帮你", "完成", "满足", "讨论", "处理", "生成",
        "继续", "为您", "为你", "就此", "给出", "回应", "参与"}}};
  return groups;
}

constexpr std::array kEnglishRefusals = {
    "sorry|apologize|apologise|apologies|afraid|unfortunately|regret .? but? .? i|we @cannot",
    ". i|we @cannot @serve",
    ". no .? i|we @cannot @serve",
    "as an ai|artificial_intelligence",
    "as a large? language_model|chatbot",
    "i m|am just? an? ai|language_model|chatbot",
    "this|that|your|the request|question|content|prompt ~1 violates|goes_against",
    "against my|our|the ~2 guidelines|policy|policies|programming",
    "not_enough|insufficient|no information ~3 to answer",
    "do|does not|t ~2 enough information to answer",
};

constexpr std::array kChineseRefusals = {
    "抱歉|对不起|很遗憾|不好意思|非常遗憾 .? 但是?|但|不过? .? 我|我们|这边|本人? ~4 @无法",
    ". 我|我们 目前|暂时|确实? @无法 @效劳",
    "作为 一|个|名|款? 一|个|名|款? ~3 ai|人工智能|语言模型|大模型|智能助手",
    "我 只? 是 一|个|名|款? 一|个|名|款? ~3 ai|人工智能|语言模型|大模型|智能助手",
    "违反|不符合 ~6 政策|准则|规定|规范|法律",
    "没有|缺乏|缺少 足够 的? 信息|资料|依据 ~4 回答",
};

template <std::size_t count>
PhraseRules made_rules(const std::array<const char*, count>& rows, Script script) {
  std::vector<PhraseRule> rules;
  for (const char* row : rows) rules.emplace_back(row, refusal_groups(), script);
  return PhraseRules(std::move(rules));
}

}  // namespace

std::string refusal_phrase(std::string_view reply) {
  static const PhraseRules english = made_rules(kEnglishRefusals, Script::words);
  static const PhraseRules chinese = made_rules(kChineseRefusals, Script::characters);
  std::string_view beginning = prompt::trimmed(reply);
  std::size_t end = std::min(beginning.size(), kBytesLookedAt);
  while (end > 0 && end < beginning.size() &&
         (static_cast<unsigned char>(beginning[end]) & 0xC0) == 0x80) {
    --end;  // not inside a character
  }
  beginning = beginning.substr(0, end);
  std::string phrase(english.find(phrases::plain_clauses(beginning, Script::words)));
  if (!phrase.empty() || !phrases::may_be_chinese(beginning)) return phrase;
  return std::string(chinese.find(phrases::plain_clauses(beginning, Script::characters)));
}

}  // namespace rare::distill
