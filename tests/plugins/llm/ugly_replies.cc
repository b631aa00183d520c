#include "ugly_replies.h"

#include <utility>

#include "sanitized.h"

namespace rare::testing {
namespace {

using namespace std::string_literals;

const char kQuestion[] = R"({"type": "object", "properties": {
  "question": {"type": "string", "minLength": 1}, "scenario": {"type": "string"}},
  "required": ["question", "scenario"], "additionalProperties": false})";
// Nothing is required, anything is allowed: where a wrong reading would not be noticed.
const char kLoose[] = R"({"type": "object", "properties": {
  "question": {"type": "string"}, "score": {"type": "integer"}, "sure": {"type": "boolean"},
  "note": {"type": ["string", "null"]}, "tags": {"type": "array", "items": {"type": "string"}}}})";
const char kTree[] = R"({"type": "object", "properties": {"label": {"type": "string"},
  "children": {"type": "array", "items": {"$ref": "#"}}}, "required": ["label"]})";
const char kJudgement[] = R"({"type": "object", "properties": {"clarity": {"type": "object",
  "properties": {"reason": {"type": "string"}, "score": {"type": "integer", "maximum": 5}},
  "required": ["reason", "score"], "additionalProperties": false},
  "verdict": {"enum": ["keep", "drop"]}}, "required": ["clarity"]})";

const char kAnswer[] = R"({"question":"Q","scenario":"S"})";

// A sanitizer's build takes long over them.
int scaled(int times) { return kSanitized ? times / 10 : times; }

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// An answer whose question is written as `written` and means `meant`, both as inside JSON quotes.
UglyReply in_string(std::string name, const std::string& written, const std::string& meant) {
  return {std::move(name), "{\"question\":\"" + written + "\",\"scenario\":\"S\"}", kQuestion,
          "{\"question\":\"" + meant + "\",\"scenario\":\"S\"}", ""};
}
UglyReply good(std::string name, std::string text) {
  return {std::move(name), std::move(text), kQuestion, kAnswer, ""};
}
UglyReply bad(std::string name, std::string text, std::string problem) {
  return {std::move(name), std::move(text), kQuestion, "", std::move(problem)};
}
UglyReply loose(std::string name, std::string text, std::string value) {
  return {std::move(name), std::move(text), kLoose, std::move(value), ""};
}
UglyReply loose_bad(std::string name, std::string text, std::string problem) {
  return {std::move(name), std::move(text), kLoose, "", std::move(problem)};
}

using Replies = std::vector<UglyReply>;

Replies around_the_answer() {
  const std::string answer = kAnswer;
  return {
      good("plain", answer),
      good("white space around", "\n\n  " + answer + "\n\t"),
      good("a byte order mark", "\xef\xbb\xbf" + answer),
      good("a fence", "```json\n" + answer + "\n```"),
      good("a fence without a language", "```\n" + answer + "\n```"),
      good("a fence in capitals", "~~~JSON\n" + answer + "\n~~~"),
      good("a fence never closed", "```json\n" + answer + "\n"),
      good("a fence in a fence", "````markdown\n```json\n" + answer + "\n```\n````"),
      good("a fence inside a string is text", R"({"question":"Q","scenario":"S"} )"
                                              "\n```"),
      good("prose around", "Sure! Here it is: " + answer + " Hope it helps."),
      good("prose with quotes and apostrophes", "It's \"done\": " + answer + " That's \"it\"."),
      good("LaTeX before", R"(With \frac{a}{b} and x^{2}_{i}: )" + answer),
      good("sets and intervals before",
           R"(For $\{x\}$, {x | x > 0}, {1, 2}, [0, 1) and (0, 1]: )" + answer),
      good("LaTeX after", answer + R"( since $\sum_{i=1}^{n} {a_i} = {b}$)"),
      good("code after", answer + "\n```cpp\nint main() { return f[0]; }\n```"),
      good("a citation and a footnote", "As in [1] and [2, 3]: " + answer + " [^4]"),
      good("other JSON before", R"(The key {"note": 1} means )" + answer),
      good("other JSON after", answer + R"( and {"note": 1})"),
      good("broken other JSON after", answer + R"( and {"note": oops})"),
      good("a brace that never closes", "set {x, then " + answer),
      good("a sentence in brackets", "[Note: " + answer + "]"),
      good("HTML around", "<div class=\"a\"><p>" + answer + "</p></div>"),
      good("alone in a list", "[" + answer + "]"),
      good("thoughts", "<think>Let me see.</think>\n" + answer),
      good("thoughts without their opening tag", "Let me see.\n</think>\n\n" + answer),
      good("thoughts closed twice", "<think>One.</think> Two. </think>" + answer),
      good("thoughts twice", "<think>One.</think><think>Two.</think>" + answer),
      good("thoughts in the middle", "Well. <think>So {\"question\": \"D\"}</think> " + answer),
      good("a draft in the thoughts",
           R"(<think>{"question":"D","scenario":"S"} is dull.</think>)" + answer),
      good("a draft in thoughts without their opening tag",
           R"({"question":"D","scenario":"S"} is dull.</think>)" + answer),
      good("a broken draft in thoughts closed twice",
           R"(Hm.</think> {"question":"D", no. </think>)" + answer),
  };
}

Replies no_answer() {
  return {
      bad("empty", "", "is empty"),
      bad("white space only", " \n\t\r\n ", "is empty"),
      bad("a refusal in prose", "I cannot help with that.", "no complete JSON"),
      bad("rows of digits", "1 2 3 4 5 6 7 8 9 10 11 12", "no complete JSON"),
      bad("rows of braces", repeated("{", 50), "no complete JSON"),
      bad("YAML", "question: Q\nscenario: S\n", "no complete JSON"),
      bad("HTML", "<table><tr><td>question</td><td>Q</td></tr></table>", "no complete JSON"),
      bad("XML", "<question>Q</question><scenario>S</scenario>", "no complete JSON"),
      bad("a markdown table", "| question | scenario |\n|---|---|\n| Q | S |", "no complete JSON"),
      bad("a number", "42", "no complete JSON"),
      bad("a JSON string", "\"Q\"", "no complete JSON"),
      bad("thoughts never closed", R"(<think>Draft: {"question":"D","scenario":"S"})",
          "never closed"),
      bad("thoughts never closed, after prose",
          R"(Well. <think>Draft: {"question":"D","scenario":"S"})", "never closed"),
      bad("nothing after the thoughts", "<think>Done.</think>\n", "is empty"),
      bad("the schema", kQuestion, "repeats the JSON Schema"),
      loose_bad("the schema, where it would satisfy itself", kLoose, "repeats the JSON Schema"),
      bad("the schema, filled in",
          R"({"type":"object","properties":{"question":"Q","scenario":"S"}})", "question"),
      bad("the form of the prompt", R"({"question":"...","scenario":"..."})", "dots"),
      {"the form of a rubric", R"({"clarity": {"reason": "...", "score": 1}})", kJudgement, "",
       "dots"},
      good("the schema, then an answer", kQuestion + "\n"s + kAnswer),
      good("an answer, then the form", kAnswer + R"( as in {"question":"...","scenario":"…"})"s),
      loose_bad("braces without anything", "function f() {}", "none of the properties"),
      loose("an empty object, where one may be", "```json\n{}\n```", "{}"),
  };
}

Replies several() {
  const std::string answer = kAnswer;
  const std::string other = R"({"question":"R","scenario":"S"})";
  return {
      good("twice the same", answer + "\n" + answer),
      good("twice the same, written otherwise",
           answer + "\n{\"scenario\": \"S\", 'question': 'Q'}"),
      good("the first does not satisfy the schema",
           R"({"question":7,"scenario":"S"} sorry: )" + answer),
      good("the first is broken", R"({"question":"say "hi"","scenario":"S"} sorry: )" + answer),
      bad("two that differ", answer + "\n" + other, "several different"),
      bad("two fences that differ", "```json\n" + answer + "\n```\nor\n```json\n" + other + "\n```",
          "several different"),
      bad("a list of two", "[" + answer + "," + other + "]", "must be of the type object"),
      bad("a list of two without a comma", "[" + answer + " " + other + "]", "malformed"),
      bad("JSON lines", answer + "\n" + other + "\n", "several different"),
      bad("the last is cut off", answer + R"( better: {"question":"R","scen)", "cut off"),
      bad("the last lacks a property", answer + R"( better: {"question":"R"})", "scenario"),
      bad("wrapped under a name", R"({"answer":)" + answer + "}", "question"),
  };
}

Replies loose_syntax() {
  return {
      good("commas before closing brackets", R"({"question":"Q","scenario":"S",})"),
      loose("commas before closing brackets, deeper", R"({"tags":["a","b",],"score":1,})",
            R"({"tags":["a","b"],"score":1})"),
      good("single quotes", "{'question': 'Q', 'scenario': 'S'}"),
      loose("single quotes around double ones", R"({'question': 'say "hi"'})",
            R"({"question":"say \"hi\""})"),
      loose("single quotes around an escaped one", R"({'question': 'it\'s'})",
            R"({"question":"it's"})"),
      loose_bad("single quotes around a bare one", "{'question': 'it's', 'score': 1}", "malformed"),
      good("typographic quotes", "{“question”: “Q”, “scenario”: “S”}"),
      in_string("typographic quotes inside a string", "“Q”, he said", "“Q”, he said"),
      bad("typographic and plain quotes mixed up", "{“question\": “Q\", “scenario\": “S\"}",
          "no complete JSON"),
      good("names without quotes", R"({question: "Q", scenario: "S"})"),
      good("comments",
           "{ // the question\n\"question\":\"Q\", /* don't ask {} */ \"scenario\":\"S\"}"),
      in_string("no comment inside a string", "http://a.example/*b*/", "http://a.example/*b*/"),
      loose("Python", "{'sure': True, 'note': None, 'score': 3}",
            R"({"sure":true,"note":null,"score":3})"),
      loose_bad("Python written by hand", "{'sure': Yes}", "is no JSON value"),
      good("white space of other kinds", "{\u00a0\"question\":\u00a0\"Q\",\r\n\"scenario\":\"S\"}"),
      good("an object as a string", R"("{\"question\": \"Q\", \"scenario\": \"S\"}")"),
      good("an object as a string of several lines",
           R"("{\n  \"question\": \"Q\",\n  \"scenario\": \"S\"\n}")"),
      good("an object with escaped quotes", R"({\"question\": \"Q\", \"scenario\": \"S\"})"),
      bad("an object as a string twice over",
          R"("\"{\\\"question\\\": \\\"Q\\\", \\\"scenario\\\": \\\"S\\\"}\"")",
          "no complete JSON"),
      bad("a double quote inside a string", R"({"question":"he said "hi" to me","scenario":"S"})",
          R"(written \")"),
      bad("a comma missing", R"({"question":"Q" "scenario":"S"})", "malformed"),
      bad("a colon missing", R"({"question" "Q","scenario":"S"})", "malformed"),
      bad("an equals sign", R"({"question"="Q","scenario"="S"})", "no complete JSON"),
      bad("a bracket of the other kind", R"({"question":"Q","scenario":["S"}])", "malformed"),
      bad("an ellipsis", R"({"question":"Q","scenario":"S", ...})", "malformed"),
      bad("a semicolon", R"({"question":"Q";"scenario":"S"})", "malformed"),
      bad("two commas", R"({"question":"Q",,"scenario":"S"})", "malformed"),
      bad("text in place of a value", R"({"question": Why?, "scenario":"S"})", "is no JSON value"),
      loose_bad("a comment of Python", "{\"score\": 1, # one\n\"question\": \"Q\"}", "malformed"),
      loose_bad("strings put together", R"({"question": "a" + "b"})", "malformed"),
  };
}

Replies cut_off() {
  return {
      bad("cut in a string", R"({"question":"Q","scenario":"S)", "cut off"),
      bad("cut after an escape", R"({"question":"Q","scenario":"S\)", "cut off"),
      bad("cut before the bracket", R"({"question":"Q","scenario":"S")", "cut off"),
      bad("cut in a fence", "```json\n{\"question\":\"Q\",\"scenario\":\"S\"\n```", "malformed"),
      loose_bad("cut in a number", R"({"question":"Q","score":12)", "cut off"),
      loose_bad("cut in a list", R"({"question":"Q","tags":["a","b")", "cut off"),
      bad("cut in a name", R"({"question":"Q","scen)", "cut off"),
      bad("cut at once", R"({"question)", "no complete JSON"),
      bad("its beginning is missing", R"("question":"Q","scenario":"S"})", "no complete JSON"),
      {"an inner object of a cut one", R"({"label":"root","children":[{"label":"leaf"},)", kTree,
       "", "cut off"},
      {"an inner object of a broken one", R"({"label":"root","children":[{"label":"leaf"}], oops})",
       kTree, "", "malformed"},
      {"an inner object of a whole one", R"({"label":"root","children":[{"label":"leaf"}]})", kTree,
       R"({"label":"root","children":[{"label":"leaf"}]})", ""},
  };
}

Replies strings() {
  return {
      in_string("raw line breaks", "one\ntwo\r\nthree", R"(one\ntwo\r\nthree)"),
      in_string("a raw tab", "one\ttwo", R"(one\ttwo)"),
      in_string("escaped line breaks stay", R"(one\ntwo\n\nnew line\tand tab)",
                R"(one\ntwo\n\nnew line\tand tab)"),
      in_string("braces", "a } b { c ] d [", "a } b { c ] d ["),
      in_string("escaped quotes", R"(he said \"}\")", R"(he said \"}\")"),
      // Only a closing tag: what stands before it is taken for thoughts, whatever it looks like.
      bad("a tag of thoughts", R"({"question":"what does </think> mean?","scenario":"S"})",
          "no complete JSON"),
      in_string("thoughts inside a string", "what does <think> mean?", "what does <think> mean?"),
      in_string("LaTeX that JSON does not know", R"(\alpha in $\sum_{i} \{x\}$)",
                R"(\\alpha in $\\sum_{i} \\{x\\}$)"),
      in_string("LaTeX that JSON takes for control characters",
                R"(\frac{a}{b} \beta \rho \nabla f \theta \times \text{x})",
                R"(\\frac{a}{b} \\beta \\rho \\nabla f \\theta \\times \\text{x})"),
      in_string("LaTeX that may be words, beside other LaTeX", R"($\nu \to \tau$ and \neq)",
                R"($\\nu \\to \\tau$ and \\neq)"),
      in_string("words that may be LaTeX", R"(a)\nu = 3\to b)", R"(a)\nu = 3\to b)"),
      in_string("LaTeX done properly", R"($\\frac{1}{2}$ and\nu = 3\theta)",
                R"($\\frac{1}{2}$ and\nu = 3\theta)"),
      in_string("LaTeX that begins like a code point", R"(\underline{x} \upsilon)",
                R"(\\underline{x} \\upsilon)"),
      in_string("a matrix in LaTeX", R"(\begin{matrix}a & b \\ c & d\end{matrix})",
                R"(\\begin{matrix}a & b \\\\ c & d\\end{matrix})"),
      in_string("a matrix in LaTeX, done properly", R"(\\begin{matrix}a & b \\\\ c\\end{matrix})",
                R"(\\begin{matrix}a & b \\\\ c\\end{matrix})"),
      in_string("a regular expression", R"(\d+\s*\bword\b)", R"(\\d+\\s*\\bword\\b)"),
      in_string("a path of Windows", R"(C:\Users\x)", R"(C:\\Users\\x)"),
      in_string("code points", R"(\u00bfQu\u00e9? \ud83d\ude00)", "¿Qué? 😀"),
      bad("half a surrogate pair", R"({"question":"\ud83d","scenario":"S"})", "malformed"),
      bad("a NUL", "{\"question\":\"a\0b\",\"scenario\":\"S\"}"s, "control character 0"),
      bad("a NUL between", "{\"question\":\"Q\",\0\"scenario\":\"S\"}"s, "malformed"),
      good("a NUL after", kAnswer + "\0\0"s),
      bad("an escape of a terminal", "{\"question\":\"\x1b[1mQ\",\"scenario\":\"S\"}",
          "control character 27"),
      bad("bytes that are no UTF-8", "{\"question\":\"\xff\xfe\",\"scenario\":\"S\"}", "malformed"),
  };
}

Replies values() {
  return {
      bad("a property missing", R"({"question":"Q"})", "scenario"),
      bad("a further property", R"({"question":"Q","scenario":"S","id":1})", "id"),
      bad("a number where a text is to be", R"({"question":7,"scenario":"S"})",
          R"("question" must be of the type string, not 7)"),
      bad("null where a text is to be", R"({"question":null,"scenario":"S"})", "not null"),
      bad("a list where a text is to be", R"({"question":["Q"],"scenario":"S"})", "not a list"),
      bad("an empty text where one is needed", R"({"question":"","scenario":"S"})", "question"),
      bad("a name in another case", R"({"Question":"Q","scenario":"S"})", R"(it has "Question")"),
      loose_bad("a name in another case that is not required", R"({"question":"Q","Score":3})",
                R"(it has "Score")"),
      bad("a name with a space", R"({"question ":"Q","scenario":"S"})", "question"),
      bad("a property twice", R"({"question":"Q","question":"R","scenario":"S"})", "given twice"),
      loose_bad("a number as a text", R"({"score":"3"})", R"("score" must be of the type integer)"),
      loose_bad("a fraction where an integer is to be", R"({"score":3.5})", "integer, not 3.5"),
      loose_bad("a number out of five", R"({"score": 4/5})", "malformed"),
      loose_bad("a number with a unit", R"({"score": 5%})", "malformed"),
      loose_bad("a number with separators", R"({"score": 1,000})", "malformed"),
      loose_bad("a number that begins with a plus", R"({"score": +3})", "malformed"),
      loose_bad("a number of another base", R"({"score": 0x1F})", "is no JSON value"),
      loose_bad("NaN", R"({"score": NaN})", "is no JSON value"),
      loose_bad("infinity", R"({"score": -Infinity})", "is no JSON value"),
      loose_bad("undefined", R"({"note": undefined})", "is no JSON value"),
      loose_bad("a number beyond all bounds", R"({"score": 1e999})", "malformed"),
      loose_bad("an integer that would lose digits", R"({"score": 123456789012345678901234})",
                "is no JSON value"),
      loose("the largest integer that keeps them", R"({"score": 9223372036854775807})",
            R"({"score": 9223372036854775807})"),
      {"a score out of range", R"({"clarity":{"reason":"clear","score":9}})", kJudgement, "",
       "clarity.score"},
      {"a value that is none of several",
       R"({"clarity":{"reason":"c","score":3},"verdict":"hold"})", kJudgement, "",
       R"("verdict" must be of ["keep","drop"], not "hold")"},
      {"a name in another case, deeper", R"({"clarity":{"Reason":"c","score":3}})", kJudgement, "",
       R"(it has "Reason")"},
  };
}

Replies huge() {
  const std::string nest = R"({"label":"x","children":[)";
  return {
      bad("a million braces", repeated("{", scaled(1'000'000)), "512 deep"),
      bad("a million braces and quotes", repeated("{\"", scaled(500'000)), "512 deep"),
      bad("a million brackets", repeated("[", scaled(1'000'000)), "512 deep"),
      bad("names without an end", repeated("{\"a\":", scaled(200'000)), "512 deep"),
      bad("comments without an end", repeated("{/*", scaled(300'000)), "too many brackets"),
      bad("typographic quotes without an end", repeated("{“", scaled(250'000)),
          "too many brackets"),
      bad("escaped objects without an end", repeated(R"({\")", scaled(300'000)), "512 deep"),
      bad("lists in lists that go wrong", repeated("[1,", scaled(300'000)) + "x", "512 deep"),
      bad("a million answers", repeated(R"({"question":"Q","scenario":"S"})", scaled(30'000)),
          "too many brackets"),
      {"ten thousand deep", repeated(nest, 10'000) + repeated("]}", 10'000), kTree, "",
       "more than 512 deep"},
      {"ten thousand deep, cut off", repeated(nest, 10'000), kTree, "", "more than 512 deep"},
      {"as deep as may be", repeated(nest, 256) + repeated("]}", 256), kTree,
       repeated(nest, 256) + repeated("]}", 256), ""},
      {"deeper than may be", repeated(nest, 257) + repeated("]}", 257), kTree, "",
       "more than 512 deep"},
      in_string("a megabyte of text", repeated("word ", scaled(200'000)),
                repeated("word ", scaled(200'000))),
      bad("an answer behind a million braces",
          repeated("{", scaled(1'000'000)) + "x" + kAnswer + "x}", "512 deep"),
  };
}

}  // namespace

const std::vector<UglyReply>& ugly_replies() {
  static const Replies all = [] {
    Replies joined;
    for (Replies& part :
         std::vector<Replies>{around_the_answer(), no_answer(), several(), loose_syntax(),
                              cut_off(), strings(), values(), huge()}) {
      for (UglyReply& reply : part) joined.push_back(std::move(reply));
    }
    return joined;
  }();
  return all;
}

}  // namespace rare::testing
