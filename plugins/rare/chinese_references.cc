#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "open_references.h"
#include "phrase_rule.h"

namespace rare::distill {

namespace {

using Groups = PhraseRule::Groups;

const Groups& reference_groups() {
  static const Groups made = {
      {"量", {"个", "种", "类", "侧", "例", "份",   "项",   "条",   "点",   "部分", "组",   "句",
              "段", "步", "方", "边", "位", "张",   "块",   "本",   "篇",   "道",   "件",   "套",
              "批", "期", "处", "些", "番", "环节", "阶段", "情形", "情况", "办法", "方法", "名",
              "只", "家", "片", "座", "首", "扇",   "棵",   "根",   "把",   "匹",   "头",   "台",
              "辆", "栋", "间", "幅", "层", "枚",   "颗",   "杯",   "瓶",   "袋",   "盒",   "箱",
              "艘", "架", "支", "笔", "门", "场",   "段话", "句话"}},
      {"序", {"种", "类", "步", "项", "条", "点", "部分", "组", "句", "段", "者",
              "个", "例", "处", "方", "道", "环", "层",   "关", "招", "法"}},
      {"数", {"一", "两", "几", "三", "四", "五", "六"}},
      {"说",
       {"说", "提", "讲", "给", "列", "举", "谈", "介绍", "描述", "讨论", "比较", "用到", "算",
        "指", "引", "论"}}};
  return made;
}

struct Row {
  double weight;
  std::string_view phrase;
  // What introduces it: in situation or question before it, or in that question alone.
  std::string_view licence = {};
  std::string_view licence_in_question = {};
  // What licenses a phrase, too: the two characters after it, or where it names nothing (那一步里)
  // its last one, have been introduced.
  bool noun_follows = false;
  bool only_first_clause = false;
};

// In the form of phrase_rule.h.
constexpr Row kRows[] = {
    // Another place of the text.
    {1.0, "刚才|前面|上面|开头|前文|之前|这里|前头 所? 已|已经|曾? @说 !话"},
    {1.0, "如上|所述|文末|文首|文内|篇末|末尾所|前一句|后一句|上一句|末句|首句|上一条|前一条"},
    {1.0, ". 在|对|从|按|由|把|将? 以上 !的|人|学"},
    {1.0, "按|照|按照|根据|依|据 这里"},
    {1.0, "末尾|结尾|开篇|篇首|卷末 的? 那|一句|告诫|忠告|提醒|结论|评语|警告|说法|例"},
    {1.0, "书中|书里|书上 所? 画|写|说|讲|举|列", "书|课本|教材|手册"},
    {1.0, "列举|举出|列出|提到|提及|论及|说到|讲到|比较过 的 !是"},
    {1.0, "<!的 作者 所? 举|说|列|提|用|讲|写|给|主张|强调", "作者"},
    {0.6, "的? 说法|但书|比喻|比方|那句话|例子|断言|论断 !是", "说法|但书|比喻|比方|例"},
    // What has been pointed at.
    {1.0, "那 @数? @量", {}, {}, true},
    {0.8, "<!从|在|到|往|去 那里|那儿 !面"},
    {0.9, "那次|那回|那时|那年", {}, {}, true},
    {0.7, "这|此 @数? @量?", {}, {}, true, true},
    {0.7, "这样|那样|如此 做|说|算|安排|处理", {}, {}, false, true},
    {0.7,
     "<!应|不|本|活|总|又|可|就|还|最|才|只 该 @量? "
     "!怎|如|何|先|找|收|归|留|放|把|做|改|选|由|多|用|在|从|不|有|去",
     {},
     {},
     true,
     true},
    // What stands for something else.
    {0.8, "<!其|吉|使|让|把|将 它 们?", {}, {}, false, true},
    {0.9, "两者|二者|前者|后者|三者", {}, "和|与|跟|及|或|还是|而"},
    {0.7, "对方|彼此", "对方|双|两|甲|乙", "和|与"},
    // One of several.
    {0.9, "另 外? 一|两? @量", "两|甲|双|其中|一种|一类|一侧|一边|一端|一份|一组|一支|一队|一块",
     "哪|这|某|一"},
    {0.9, "其余|其他|其它|剩下 的? 两|几|三|那 @量", "两|三|几|四|五"},
    {1.0, "<!之|以|今|最|先|然|此|目 前|后 面? 一|两|几|三 @序",
     "第|两|首先|其次|前一|后一|先后|几种"},
    {1.0, "第 一|二|三|四|五|几 @序", "第|首先|先后|列|其一", "种|类|个"},
    {0.8, "最后 一 @序", "第|三|四|依次|首先|先后"},
    {0.5,
     "<!这|同|各|每|哪|第|前|后|那|十|百|千|一|另 两|三|四|几 个|种|条|项|段|类|点|句|处|步",
     "两|二|三|四|五|甲|几",
     {},
     true},
    {0.6, "既然如此|与此|由此|这样一来", {}, {}, false, true},
    {0.4, "剩下|其余|剩余|余下 的"},
};

struct Reading {
  const Row* row;
  PhraseRule phrase;
  std::vector<PhraseRule> licence, licence_in_question;  // one or none each
};

const std::vector<Reading>& readings() {
  static const std::vector<Reading> made = [] {
    const auto rules = [](std::string_view text) {
      std::vector<PhraseRule> made_of;
      if (!text.empty()) made_of.emplace_back(text, reference_groups(), Script::characters);
      return made_of;
    };
    std::vector<Reading> all;
    for (const Row& row : kRows) {
      all.push_back({&row, PhraseRule(row.phrase, reference_groups(), Script::characters),
                     rules(row.licence), rules(row.licence_in_question)});
    }
    return all;
  }();
  return made;
}

constexpr std::size_t kCharacterBytes = 3;  // of the Chinese ones

// Where a phrase of a question stands.
struct Place {
  std::string_view situation, before, phrase, after;
};

bool introduced(std::string_view words, const Place& place) {
  return place.situation.find(words) != std::string_view::npos ||
         place.before.find(words) != std::string_view::npos;
}

bool names_what_is_known(const Place& place) {
  const std::string_view noun =
      place.after.substr(0, std::min(place.after.find('.'), 2 * kCharacterBytes));
  constexpr std::string_view kNoNoun[] = {"里", "中", "上", "下", "的", "是", "为", "在", "与"};
  const bool is_named = noun.size() >= kCharacterBytes &&
                        std::none_of(std::begin(kNoNoun), std::end(kNoNoun),
                                     [&](std::string_view word) { return noun.starts_with(word); });
  if (!is_named)
    return introduced(place.phrase.substr(place.phrase.size() - kCharacterBytes), place);
  return introduced(noun, place) || introduced(noun.substr(0, kCharacterBytes), place);
}

bool is_licensed(const Reading& reading, const Place& place) {
  for (const PhraseRule& licence : reading.licence) {
    if (!licence.find(place.before).empty() || !licence.find(place.situation).empty()) return true;
  }
  for (const PhraseRule& licence : reading.licence_in_question) {
    if (!licence.find(place.before).empty()) return true;
  }
  return reading.row->noun_follows && names_what_is_known(place);
}

}  // namespace

std::vector<OpenReference> chinese_references(std::string_view question,
                                              std::string_view situation) {
  const std::size_t first_clause_end = question.find('.', 1);
  std::vector<OpenReference> found;
  for (const Reading& reading : readings()) {
    std::size_t begin = 0;
    for (;;) {
      const std::string_view phrase = reading.phrase.find(question.substr(begin));
      if (phrase.empty()) break;
      const auto at = static_cast<std::size_t>(phrase.data() - question.data());
      begin = at + phrase.size();
      if (reading.row->only_first_clause && at > first_clause_end) break;
      if (is_licensed(reading, {situation, question.substr(0, at), phrase, question.substr(begin)}))
        continue;
      found.push_back({std::string(phrase), reading.row->weight});
    }
  }
  return found;
}

double weight_of_brevity_chinese(std::string_view situation) {
  const auto characters = std::count_if(situation.begin(), situation.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0xE4 && static_cast<unsigned char>(c) <= 0xE9;
  });
  return characters <= 22 ? 0.4 : characters <= 30 ? 0.2 : 0;
}

}  // namespace rare::distill
