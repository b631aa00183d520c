#include "plugins/phrases/leaning_phrases.h"

#include <array>
#include <utility>

namespace rare::phrases {

namespace {

using Groups = PhraseRule::Groups;

const Groups& english_groups() {
  // size: a table of words
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
      {"handout",
       {"extract",       "snippet",     "vignette", "write_up",     "narrative",    "account",
        "commentary",    "selection",   "lesson",   "module",       "slide",        "slides",
        "web_page",      "webpage",     "page",     "column",       "caption",      "footnote",
        "sidebar",       "infographic", "image",    "photograph",   "illustration", "map",
        "press_release", "editorial",   "op_ed",    "presentation", "briefing",     "newsletter",
        "pamphlet",      "fact_sheet",  "glossary", "appendix",     "introduction", "conclusion",
        "summary",       "quotation",   "quote",    "material",     "content",      "background",
        "readings",      "prompt"}},
      {"treatise",
       {"study",     "report",     "story",      "manual",    "chapter",    "handbook",
        "review",    "research",   "tutorial",   "leaflet",   "lecture",    "transcript",
        "analysis",  "guidelines", "case_study", "fable",     "parable",    "biography",
        "memoir",    "faq",        "primer",     "editorial", "newsletter", "brochure",
        "narrative", "definition", "interview",  "section",   "paragraph"}},
      {"speaker",
       {"speaker", "essayist", "reviewer", "lecturer", "columnist", "journalist", "interviewee",
        "interviewer", "commentator", "poet", "blogger", "reporter", "historian", "editors"}},
      {"scholar",
       {"researchers", "scientists", "scholars", "experts", "investigators", "historians"}},
      {"claim", {"reason",      "reasons",       "example",    "examples",  "evidence",
                 "explanation", "explanations",  "argument",   "arguments", "definition",
                 "analogy",     "metaphor",      "comparison", "statistic", "statistics",
                 "quotation",   "justification", "findings",   "details",   "recommendations"}},
      {"known",
       {"information", "data", "findings", "results", "description", "facts", "context", "material",
        "evidence", "details", "observations", "account"}},
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
    "@the @work !to ~1 @say",
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
    // What has been handed out to read, by names that are also those of other things.
    "according_to|based_on|as_per|in|from @the @adjective? @handout !of|for|at",
    "@the @handout ~1 @say",
    // Who speaks in it.
    "@the @speaker ~1 @say",
    "does|do|did @the @scholar @say|find|finds|observe",
    // Its parts and its layout.
    "on|in|from page|pages|lines|slide|slides|footnote|verse #",
    "@ordinal half|part|lines|sentence of the @text|@work",
    "underlined|italicized|italicised|boldfaced|bolded|highlighted "
    "word|words|phrase|sentence|part|term",
    "main|central|key|overall|primary idea|thesis|theme|message|takeaway|point .|being_made",
    "displayed|pictured|printed|reproduced|seen above|below|here",
    // What it tells, without a word for it.
    "is|are|was|were being? "
    "highlighted|emphasized|emphasised|underscored|alluded_to|referred_to|hinted_at .",
    "as|like stated|noted|explained|defined|mentioned|outlined|described|discussed .",
    "are|were we|you|readers told|informed|introduced",
    "we|you|readers are|were told|informed",
    "@the reader|readers learn|learns|told|expected|supposed|left|invited",
    "do|does|can|could|would we|you|one|readers learn|infer|conclude|deduce about|from|that",
    "<!any|no|some @claim is|are|was|were "
    "given|offered|provided|cited|quoted|mentioned|put_forward "
    ".|for|to_support|to_illustrate|to_explain|to_show|to_justify|as",
    "the @claim given|offered|provided|presented|put_forward !by|at|in|to|during|for|under|of|with",
    "based_on|using|from|given @the @known .",
    "which|what statement|statements|option|options|sentence|claim "
    "is|are|about|correctly|accurately|"
    "would|can",
    "best|correctly completes|complete|completed the|this",
    "true or false",
    // Whatever a text does: only texts that are hardly ever anybody's in a situation.
    "do|does|did|has|have|would|could|can|might|may|must|should @the @adjective? @treatise "
    "!of|be|have|been|on|for|about",
    "that|which|what|whom|why|how|when|where|who|whether|if @the @adjective? @treatise "
    "!of|is|was|has|had|on|for",
    "in this|the|that given? context .",
    "@the ~2 listed|cited|mentioned "
    "!by|as|in|on|at|with|under|among|above_all|price|building|company",
    "the ~4 discussed|described|mentioned|outlined|cited|listed|referred_to|alluded_to "
    ".|would|should|could|is|are|was|were|can|will|do|does|did|has|have|had|might|may",
    "the|these|those findings|results|figures|data|observations reported|described|presented "
    ".|would|should|could|is|are|was|were|can|will|do|does|have|suggest|show|support",
    "concluded|inferred|deduced|gathered|learned|learnt from @the @handout|@text|@work",
};

constexpr std::array kEnglishIntroduced = {
    "author",       "authors",     "writer",     "writers",   "narrator",    "article",
    "document",     "documents",   "essay",      "poem",      "report",      "paper",
    "study",        "survey",      "guide",      "manual",    "review",      "lecture",
    "leaflet",      "guidelines",  "biography",  "interview", "editorial",   "story",
    "fable",        "description", "letter",     "book",      "experiment",  "speaker",
    "reviewer",     "lecturer",    "journalist", "reporter",  "researchers", "scientists",
    "experts",      "historian",   "poet",       "account",   "map",         "photograph",
    "presentation", "summary",     "lesson"};

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
      {"读物",
       {"讲稿", "讲座", "译文",   "例文", "范文",     "书评",     "综述", "博文", "帖子", "公告",
        "社论", "评论", "幻灯片", "注释", "附录",     "新闻",     "采访", "词条", "简报", "通讯",
        "引言", "结语", "序言",   "导言", "背景介绍", "背景资料", "故事", "片段", "摘录", "段落"}},
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
    // What has been handed out to read, by more names.
    "@据|@此 @此? @读物 !室|馆",
    ". @疑? @读物 中|里|上 @说|的|对|~2 @说",
    "@读物 中|里|上 ~2 提到|提及|列举|列出|举出|所说|描述|介绍|论述",
    // Who speaks in it.
    ". @疑? 讲述者|说话人|说话者|主讲人|受访者|被采访者|评论者|撰稿人|本书作者|文章作者 @疑? @说",
    ". @疑? 研究者|研究人员|研究团队|学者|专家|科学家 们? @疑? "
    "认为|指出|提出|强调|总结|建议|主张|得出",
    // Its parts and its layout.
    ". @疑? @件|@读物|传记|小说|寓言 "
    "显示|警告|给出|告诉|提醒|暗示|证明|反映|声称|批评|为什么|为何|如何|怎样|怎么|是否|有没有|用|"
    "以",
    ". 故事|寓言|小说|传记|诗|剧 里|中",
    "为什么 @件|故事|小说|传记|寓言",
    "第 一|二|三|四|五|# 个|种|条 例子|理由|论点|论据|观点|案例",
    "这里|此处|文中 所? 说|指|讲|谓 的",
    "该|此|这个|这项|这一|本 实验|研究|调查|试验|测试|分析 ~4 "
    "说明|表明|证明|显示|发现|证实|揭示|得出|的结论|的结果",
    "里|中 对 ~10 是? 如何|怎样|怎么 描写|描述|刻画|叙述|介绍|论述|评价|看待",
    "<!的|大|分|两 前|后|这|那|该|末 一|两|几|三 段|节|章 的|中|里|对|讲|说|写|主要|@疑|.",
    "<!的 第|最后 一|二|三|四|五|六|七|八|九|十|# 段|段落|自然段|行 "
    "的|中|里|对|讲|说|写|主要|举|列|引|描|提|叙|告诉|介绍|论|@疑|.",
    "下文|后文|正文|开头部分|结尾部分|文段中|段落中|段中 !化|学|明|件",
    "划线|画线|加点|加粗|下划线|横线处|括号里的|括号中的",
    "主旨|中心思想|中心论点|主要内容|段落大意|主要观点 是|.|有",
    "如上所示|如下所示|如图所示|如表所示|见上图|见下图|见下表",
    // What it tells, without a word for it.
    ". @疑? @疑? 提到|提及|列出|列举|介绍|描述|讨论|阐述 的 ~6 .|是|有|分别",
    "中 所? 提到|提及|列举|阐述|论及 的",
    "由此|据此|由上 可知|可以看出|可以推断|可以推出|可见|推断",
    "哪一项|哪项|哪个选项|哪个说法|哪种说法 正确|错误|不|是|符合|最|属于|能",
    "可以|能|能够 得知|了解到|读到",
    "读者 可以|能|会|应|被|从|对",
    "这 一|几|两? 节|章|部分|段 的? 主要|内容|讲|说|介绍|讨论|论述",
    "题中|题目中|题目所|题干中|例中|案例中|个案中",
};

LeaningPhrases made_english() {
  LeaningPhrases made;
  std::vector<PhraseRule> rules;
  for (const std::string_view row : kEnglishRules) {
    rules.emplace_back(row, english_groups(), Script::words);
  }
  made.rules = PhraseRules(std::move(rules));
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
  std::vector<PhraseRule> rules;
  for (const std::string_view row : kChineseRules) {
    rules.emplace_back(row, chinese_groups(), Script::characters);
  }
  made.rules = PhraseRules(std::move(rules));
  for (const std::string_view noun :
       {"文章",     "论文", "文件", "报告", "文档", "手册", "作者", "研究",
        "故事",     "讲座", "新闻", "实验", "调查", "试验", "公告", "研究者",
        "研究人员", "专家", "学者", "采访", "评论", "帖子"}) {
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

}  // namespace rare::phrases
