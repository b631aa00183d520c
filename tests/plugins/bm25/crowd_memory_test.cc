#include "plugins/bm25/crowd_memory.h"

#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "catch.h"

namespace rare::bm25 {
namespace {

constexpr std::string_view kPositive = "a b c d e f g h i j k l m n o p q r s t u v";
constexpr std::string_view kNear = "a b c d e f g h i j k l m n o p q r s t u v w";  // 20 of 21
constexpr std::string_view kHalf = "a b c d e f g h i j k l 1 2 3 4 5 6 7 8";        // 10 of 28
constexpr std::string_view kOther = "z y x w v u t s r q p o n m l k j i h g f e";

bool reaches(CrowdMemory& crowds, std::string_view positive, std::string_view text,
             std::uint64_t ordinal, double share) {
  Shingles shingles{FoldedText(positive)};
  const SearchHit hit(ordinal, 1, std::string(text), "");
  FoldedText folded;
  folded.begin(hit.text);
  return crowds.reach(shingles, folded, hit, share);
}

TEST_CASE("What is remembered of a text tells the same as the text") {
  CrowdMemory crowds;
  for (int turn = 0; turn < 3; ++turn) {
    for (const double share : {0.05, 0.35, 0.36, 0.95, 0.96, 1.0}) {
      INFO("turn " << turn << ", share " << share);
      CHECK(reaches(crowds, kPositive, kNear, 1, share) == (20.0 / 21 >= share));
      CHECK(reaches(crowds, kPositive, kHalf, 2, share) == (10.0 / 28 >= share));
      CHECK_FALSE(reaches(crowds, kOther, kNear, 1, share));
      CHECK_FALSE(reaches(crowds, "...", kNear, 1, share));
      CHECK_FALSE(reaches(crowds, kPositive, "...", 3, share));
    }
  }
}

TEST_CASE("Another text under the same ordinal, or in its place, is not mistaken for it") {
  CrowdMemory crowds;
  for (int turn = 0; turn < 2; ++turn) {
    CHECK(reaches(crowds, kPositive, kNear, 1, 0.8));
    CHECK_FALSE(reaches(crowds, kPositive, kHalf, 1, 0.8));
    CHECK(reaches(crowds, kPositive, kHalf, (1 << 14) + 1, 0.3));
    CHECK_FALSE(reaches(crowds, kPositive, kOther, (1 << 20) + 1, 0.8));
  }
}

TEST_CASE("How deep a search went is known for texts with the same least run of words") {
  CrowdMemory crowds;
  const Shingles positive{FoldedText(kPositive)};
  const Shingles other{FoldedText(kOther)};
  CHECK(crowds.depth_for(positive) == 0);
  crowds.note_depth(positive, 300);
  CHECK(crowds.depth_for(positive) == 300);
  CHECK(crowds.depth_for(Shingles{FoldedText("A, b, c! D e f g h i j k l m n o p q r s t u v")}) ==
        300);
  CHECK(crowds.depth_for(other) == 0);
  crowds.note_depth(positive, 4);
  CHECK(crowds.depth_for(positive) == 4);
}

TEST_CASE("Threads that meet the same texts tell the same") {
  CrowdMemory crowds;
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (int& mistakes : wrong) {
    threads.emplace_back([&crowds, &mistakes] {
      for (std::uint64_t i = 0; i < 2000; ++i) {
        const bool near = i % 3 != 0;
        // Two texts contend for each place.
        const std::uint64_t ordinal = i % 5 + (near ? 0 : 1 << 14);
        mistakes += reaches(crowds, kPositive, near ? kNear : kHalf, ordinal, 0.8) != near;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4, 0));
}

}  // namespace
}  // namespace rare::bm25
