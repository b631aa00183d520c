#include "refusal.h"

#include "catch.h"

using rare::distill::refusal_phrase;

TEST_CASE("a reply that declines is told by its first sentences") {
  const std::string reply = GENERATE(
      "I'm sorry, but I can't assist with that.", "I’m sorry, but I can’t help with this question.",
      "I apologize, but I am not able to provide an answer.",
      "Unfortunately, I cannot answer that.", "I cannot provide medical advice to you.",
      "I won't write about this.", "As an AI language model, I do not have opinions.",
      "I am just an AI and know nothing of it.", "As a large language model I only know texts.",
      "This request violates the usage policies.", "That goes against my guidelines.",
      "There is not enough information to answer the question.",
      "The passages do not give enough information to answer.", "很抱歉，我无法回答这个问题。",
      "对不起，我不能提供这方面的帮助。", "抱歉，但是我没法完成您的请求。", "我无法回答这个问题。",
      "作为一个人工智能语言模型，我没有个人看法。", "作为一名AI助手，我不便评论。",
      "我只是一个语言模型，不知道答案。", "该请求违反了相关政策，不予处理。",
      "没有足够的信息来回答这个问题。");
  INFO(reply);
  CHECK_FALSE(refusal_phrase(reply).empty());
}

TEST_CASE("a reply that answers is none") {
  const std::string reply = GENERATE(
      "", "Step 1: the trouble came with the heat, so passage 2 matters.",
      "Step 1: I cannot tell from passage 1 alone, so I look at passage 2.",
      "The pharmacist is sorry that the drug cannot be had.", "The bank's policy is to wait a day.",
      "Unfortunately the rail could not grow any further.", "Ice floats, as an aid to fish.",
      "She will not answer the letter, because it came too late.",
      "第一步：仅凭段落1无法判断，因此看段落2。", "患者不能提供血样，所以医生改用唾液。",
      "这项规定违反常识，工人因此停工。", "公司为顾客提供帮助，所以赔偿由它承担。");
  INFO(reply);
  CHECK(refusal_phrase(reply).empty());
}

TEST_CASE("somebody who is sorry further down has not declined") {
  const std::string story(300, 'x');
  CHECK(refusal_phrase(story + " I'm sorry, but I can't help with that.").empty());
}
