// Bytes that wait on disk.
#include "engine/state/segment_store.h"

#include <algorithm>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "catch.h"
#include "scratch_folder.h"

using rare::engine::SegmentStore;
using rare::testing::ScratchFolder;

TEST_CASE("pieces come back as they were put, in any order") {
  const ScratchFolder folder;
  SegmentStore store(folder.path(), 1000);
  std::vector<std::string> pieces;
  std::vector<SegmentStore::Slot> slots;
  for (int i = 0; i < 300; ++i) {
    pieces.push_back(std::string(static_cast<std::size_t>(i), static_cast<char>(i)) +
                     std::string("\0\xff", 2));
    const auto slot = store.put(pieces.back());
    REQUIRE(slot.ok());
    slots.push_back(*slot);
  }
  std::vector<std::size_t> order(pieces.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), std::mt19937(7));
  for (const std::size_t i : order) {
    const auto back = store.take(slots[i]);
    REQUIRE(back.ok());
    CHECK(*back == pieces[i]);
  }
}

TEST_CASE("space comes back when all of a segment was taken, and nothing is left in the folder") {
  const ScratchFolder folder;
  SegmentStore store(folder.path(), 100);
  CHECK(store.bytes_on_disk() == 0);
  std::vector<SegmentStore::Slot> slots;
  for (int i = 0; i < 10; ++i) slots.push_back(*store.put(std::string(96, 'x')));
  CHECK(store.bytes_on_disk() == 1000);
  REQUIRE(store.take(slots[4]).ok());
  CHECK(store.bytes_on_disk() == 900);
  for (const std::size_t i : {0, 1, 2, 3, 5, 6, 7, 8, 9}) REQUIRE(store.take(slots[i]).ok());
  CHECK(store.bytes_on_disk() == 0);
  const auto again = store.put("more");
  REQUIRE(again.ok());
  CHECK(*store.take(*again) == "more");
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("a folder that cannot be written is a run fault that names it") {
  SegmentStore store("/proc/nowhere");
  const auto slot = store.put("x");
  REQUIRE_FALSE(slot.ok());
  CHECK(slot.status().fault() == rare::Fault::run);
  CHECK(slot.status().message().find("/proc/nowhere") != std::string::npos);
}

TEST_CASE("an emptied segment is written again, and what is forgotten gives its space back") {
  const ScratchFolder folder;
  SegmentStore store(folder.path(), 1'000'000);
  for (int i = 0; i < 1000; ++i) {
    const auto slot = store.put("for a moment");
    REQUIRE(slot.ok());
    CHECK(slot->segment == 0);
    CHECK(slot->offset == 0);
    if (i % 2 == 0) {
      CHECK(*store.take(*slot) == "for a moment");
    } else {
      store.forget(*slot);
    }
    CHECK(store.bytes_on_disk() == 0);
  }
}
