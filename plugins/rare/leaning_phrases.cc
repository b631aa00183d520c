#include "leaning_phrases.h"

#include <array>

namespace rare::distill {

namespace {

using Groups = PhraseRule::Groups;

const Groups& english_groups() {
  static const Groups groups = {
      {"the", {"the", "this", "that", "these", "those"}},
      // Hardly anything else can be meant by them with an article before them.
      {"text",
       {"passage", "passages", "text", "texts", "excerpt", "excerpts", "article", "articles",
        "document", "documents", "essay", "poem", "abstract", "case_study"}},
      // These are also things of the world.
      {"work",
       {"paper",    "papers",     "study",      "report",    "survey",     "source",     "sources",
        "guide",    "manual",     "guidelines", "chapter",   "section",    "paragraph",  "story",
        "letter",   "book",       "research",   "review",    "experiment", "table",      "figure",
        "chart",    "graph",      "diagram",    "data",      "equation",   "discussion", "list",
        "lecture",  "definition", "example",    "notes",     "piece",      "reading",    "faq",
        "tutorial", "transcript", "memo",       "post",      "blog",       "handbook",   "leaflet",
        "brochure", "entry",      "speech",     "interview", "theory",     "description"}},
      {"part", {"paper", "study", "report", "chapter", "section", "paragraph", "review", "survey"}},
      {"picture", {"chart", "charts", "figure", "figures", "graph", "graphs", "diagram"}},
      {"author", {"author", "authors", "writer", "writers", "narrator"}},
      {"adjective",
       {"given", "provided", "following", "above", "quoted", "entire", "whole", "original", "short",
        "accompanying", "attached", "same", "source", "first", "second", "third", "last"}},
      {"told", {"mentioned",  "described",   "listed",     "given",    "discussed",  "stated",
                "presented",  "outlined",    "provided",   "reported", "referenced", "cited",
                "quoted",     "shown",       "explained",  "defined",  "introduced", "noted",
                "proposed",   "illustrated", "identified", "made",     "supplied",   "depicted",
                "summarized", "summarised"}},
      {"listed",
       {"listed", "mentioned", "described", "outlined", "discussed", "cited", "enumerated"}},
      {"laid_out",
       {"listed", "mentioned", "presented", "discussed", "provided", "cited", "outlined"}},
      {"say",
       {"say",        "says",        "said",         "suggest",    "suggests",    "imply",
        "implies",    "describe",    "describes",    "explain",    "explains",    "define",
        "defines",    "mention",     "mentions",     "state",      "states",      "argue",
        "argues",     "claim",       "claims",       "recommend",  "recommends",  "advise",
        "advises",    "tell",        "tells",        "show",       "shows",       "reveal",
        "reveals",    "justify",     "justifies",    "reject",     "rejects",     "compare",
        "compares",   "acknowledge", "acknowledges", "conclude",   "concludes",   "portray",
        "portrays",   "discuss",     "discusses",    "illustrate", "illustrates", "indicate",
        "indicates",  "present",     "presents",     "propose",    "proposes",    "emphasize",
        "emphasizes", "summarise",   "summarises",   "summarize",  "summarizes"}},
      {"treat",
       {"treat",       "treats",        "give",      "gives",      "use",       "uses",
        "add",         "adds",          "introduce", "introduces", "attribute", "attributes",
        "distinguish", "distinguishes", "criticize", "criticizes", "question",  "questions",
        "support",     "supports",      "address",   "addresses",  "mean_by"}},
      {"medium",
       {"paper", "study", "report", "survey", "guide", "manual", "guidelines", "chapter",
        "paragraph", "faq", "tutorial", "handbook", "leaflet", "notes", "piece", "reading"}},
      {"information",
       {"information", "context", "details", "data", "facts", "material", "statements", "options",
        "clues", "description"}},
      {"ordinal",
       {"first", "second", "third", "fourth", "fifth", "last", "final", "opening", "closing",
        "previous", "preceding", "next", "concluding", "penultimate"}}};
  return groups;
}

constexpr std::array kEnglishRules = {
    "@the|entire @adjective? @text !of|through|between|message|messages|editor|box|file",
    "according_to|based_on|as_per|per|drawing_on|referring_to @the @adjective? @work !of",
    "@told in|by|on|from @the @adjective? @work !of",
    "in|from|of this|these|the_present @part !of",
    "model|method|results|argument|proof|characters|narrator|claims in|from the "
    "@part|story|novel|book",
    "given|considering|from|based_on the above|foregoing .",
    "in|from|of|by the @ordinal? chapter|paragraph|abstract|discussion !of",
    "in|from the reading|piece|notes !of",
    "@the @work ~1 @say",
    "does|do|did|would @the @medium ~1 @treat",
    "the @author !of",
    "@told above|earlier|below|previously|here",
    "@work|@text|passage|stages|steps|points above|below !the|a|an",
    "figure|figures|fig|table|tables|equation|exhibit|appendix|diagram|graph|paragraph #",
    "in|does|do|of|from section|sections # !of",
    "@the given|provided|supplied|available @information",
    "provided|supplied @information",
    "following statement|statements|options|passage|excerpt",
    "@information given|provided|supplied|above|presented",
    "@the aforementioned|quoted|cited|above_mentioned",
    "@ordinal paragraph|stanza|excerpt|section|chapter !of",
    "opening|closing|topic|concluding sentence",
    "which of the following best|most|is|are|was|were|would|does|do|can|could|statements|options",
    "based_on|from what you|we have|ve? read|learned|learnt",
    "which of the ~2 @listed",
    "evidence|reasons|examples|argument|arguments|theory|method|methods|findings @laid_out .",
    "which of the following @work|sentences|claims|explanations|answers|conclusions",
    "which|what statement|sentence|option|title|line best|of",
    "best|most_strongly supported|described|summarized|summarised by",
    "is|are|was|were listed|mentioned|outlined|enumerated",
    "<!be|been|being|is|are|was|were|never|not @listed .",
    "data|variables|values|trend|results|numbers|relationship ~4 in the @picture|table",
    "shown|seen|in|from @the @picture !of|skating",
};

constexpr std::array kEnglishIntroduced = {
    "author",    "authors", "writer", "writers", "narrator",  "article", "document",
    "documents", "essay",   "poem",   "report",  "paper",     "study",   "survey",
    "guide",     "manual",  "letter", "book",    "experiment"};

const Groups& chinese_groups() {
  static const Groups groups = {
      {"据",
       {"根据", "依据", "按照", "结合", "参考", "参照", "基于", "阅读", "由", "从", "在", "用"}},
      {"此", {"这", "该", "本", "此", "所给", "给定", "上述", "以上", "以下", "下列", "下面"}},
      // Whole texts.
      {"篇",
       {"文章", "短文", "课文", "选文", "引文", "选段", "节选", "文段", "语段", "文档", "文本",
        "论文", "原文", "全文"}},
      // Things that are also of the world.
      {"件",
       {"文件", "报告", "摘要", "指南", "手册", "说明书", "文献", "资料", "教材", "调查", "案例",
        "讲义", "报道", "专栏", "教程", "问答", "演讲",   "访谈", "笔记", "网页", "书中"}},
      {"图", {"图表", "图", "表格", "表", "示意图", "曲线图"}},
      {"信息", {"信息", "材料", "资料", "内容", "细节", "数据", "线索", "文字", "段落", "条件"}},
      {"说", {"说",   "提到", "提及", "指出", "表明", "认为", "描述", "描写", "介绍",
              "列举", "列出", "指的", "讲",   "论述", "建议", "推荐", "要求", "解释",
              "定义", "强调", "揭示", "讨论", "引用", "主张", "归因", "把",   "将"}},
      {"疑",
       {"为什么", "为何", "怎样", "如何", "是如何", "是怎样", "是怎么", "怎么", "用什么", "最可能",
        "是否", "对", "从", "没有", "还", "也", "不", "又"}}};
  return groups;
}

constexpr std::array kChineseRules = {
    "<!语|作|散|国|英|外|日|法|德|古|中|译|韵|论 文中 !学|国|央|心|间|午|医|期|外|的字|华",
    "<!样|版|剧|范|课|译 本文 !本|件|化|学|字|明|物|具|书|凭|科|人",
    "<!之|以|目|路|身|眼|面 上文|前文|下文 !化|明|学|件|火|艺|字|物|书",
    "此文|该文|原文|全文 !化|明|学|件|字|物|语言|书",
    "这|该|本|此|全 篇? @篇 !化|件",
    "<!的|篇|写|发表|份|读 文章|短文|选文|选段|节选|语段|文段 !学",
    "<!的|篇|份|个|写|约|同|令|规 文本|文档 !编辑|文件|框|消息|处理|化|格式",
    "@据|@此 给定|所给? @篇 !学|化|语言|编辑|文件",
    "根据|依据|按照|结合|阅读|参考 @此? 的? @件 !袋",
    "@此 案例研究|研究中|研究的|研究承认|研究指出",
    "本研究|本章|本节|本段|首段|末段|尾段|上一节|上一章|上一段|前一段|下一段",
    ". @疑? @件 中|里|上|一|二|三|的? @疑? @说",
    "@件 中|里|上 的|@说|~1 @说",
    ". @件 @疑? @疑? @说",
    "该 @件",
    "论文|故事|小说|诗歌|寓言 中|里 的 人物|角色|模型|主角|叙述|作者|@信息|方法|结论",
    "根据|依据|按照|结合 该|此|本 研究|实验|调查|试验",
    "所|已 提供|给出|列出|列举|引用 的 证据|理由|例子|定义|图|表|论据|数据",
    "<!的|个|名|份|篇|写 @件 中|里|上 ~8 @疑|哪|什么|@说|的原因",
    "这 篇|则|份|段 @件|研究|故事|寓言|讲话|评论",
    "这|该|本 个? 案例研究",
    ". @疑? @件 是 如何|怎样|怎么 @说|概括",
    "@件 一|二|三|四|甲|乙 可|中|的|.",
    "概括|归纳|简述|复述 @此? @件|@篇|课文|文章",
    // Wood and steel are called by the same word as what has been handed out to read.
    ". @据? @此? 的? 材料 中|里|一|二|三|提到|指出|表明|认为|说|把|将",
    "根据|依据|按照|结合|阅读|概括|归纳 @此? 的? 材料 "
    ".|一|二|三|内容|分析|回答|说明|的中心|的主|中|所",
    "课文 !化",
    "上面|以上|前面 的? 描述|叙述|讨论|分析|方法|例子|定义|图|表|推导|论证",
    "@件 提到|提及|指出|认为|里的|中的",
    ". 请? @据? 作者|笔者|叙述者|诗人",
    "<!的|名|位 作者 @疑? @疑? "
    "认为|指出|提到|主张|说|想|运用|采用|列举|举|留下|比作|看待|解释|批评|强调",
    "叙述者|笔者|这首诗|诗中|题干",
    "<!地|海|版|蓝|挂|企|意 图|表 #|一|二|三|甲|乙 !样|维|手|层|次|方",
    "<!地|向|早|晚|车|马 上图|下图|下表|上表|如图|如表 !书|案|达|面|演|现|示意|明|腾",
    "@据|此 该|上述|以下|下列? 图表|图中|表中|曲线图",
    ". 图中|表中",
    "所给|所提供|所列|所述|所引|给定 的? @信息|步骤|@篇",
    "已知|给定|给出|提供 的? 信息|材料|资料|文本|内容|段落 !库|技术|化|编辑",
    "上述|前述|如上所|综上|正如前|前面提|前面说|上面提|上面列|上面说|上面的方程|上面的公式",
    "下列|以下|下面 哪|关于|选项|说法|各项|陈述|表述|叙述|句子|对",
    "<!的 第 一|二|三|四|五|六|七|八|九|十|# 自然? 段 的|中|里|主要|关于|讲|说|论|补充|@疑|.",
    "最后一章|上一章|前一章|末章 中|里|的|对|.",
    "这段 话|文字|材料|文章|文本|论述|叙述|描述|描写|内容",
    "文首|文末|开头段|结尾段|文内|文里|文本中|文件中|文件里的",
};

LeaningPhrases made_english() {
  LeaningPhrases made;
  for (const std::string_view row : kEnglishRules) {
    made.rules.emplace_back(row, english_groups(), Script::words);
  }
  for (const std::string_view noun : kEnglishIntroduced) {
    made.nouns_introduced.emplace_back(noun);
    made.introductions.emplace_back(
        "a|an|another|any|each|every|one|two|some|several|his|her|their|my|our|its|whose ~2 " +
            std::string(noun),
        english_groups(), Script::words);
  }
  return made;
}

LeaningPhrases made_chinese() {
  LeaningPhrases made;
  for (const std::string_view row : kChineseRules) {
    made.rules.emplace_back(row, chinese_groups(), Script::characters);
  }
  for (const std::string_view noun :
       {"文章", "论文", "文件", "报告", "文档", "手册", "作者", "研究", "故事"}) {
    made.nouns_introduced.emplace_back(noun);
    made.introductions.emplace_back("一 篇|份|本|个|名|位|项 ~12 " + std::string(noun),
                                    chinese_groups(), Script::characters);
  }
  return made;
}

}  // namespace

const LeaningPhrases& english_leaning() {
  static const LeaningPhrases made = made_english();
  return made;
}

const LeaningPhrases& chinese_leaning() {
  static const LeaningPhrases made = made_chinese();
  return made;
}

}  // namespace rare::distill
