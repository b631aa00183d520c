// Temporary folders, small checkpoints and processes that get killed, for the tests of state.
#pragma once

#include <cstdint>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <utility>

#include "engine/state/run_state.h"
#include "rare/status.h"
#include "scratch_folder.h"

namespace rare::engine::state_test {

using testing::ScratchFolder;

inline std::string read_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline StateOptions options_for(const std::string& folder) {
  StateOptions options;
  options.folder = folder;
  options.fingerprint = {{"nodes.questions.temperature", 0.7}, {"seed", 0}};
  options.node_names = {"documents", "questions", "result"};
  return options;
}

// The checkpoint of one finished record that was written.
inline Checkpoint checkpoint_of(std::uint64_t ordinal) {
  Checkpoint checkpoint;
  SourceCheckpoint& source = checkpoint.sources["documents"];
  source.finished.add(ordinal);
  source.position.token = {{"offset", (ordinal + 1) * 100}};
  source.next_ordinal = ordinal + 1;
  checkpoint.sinks["result"].token = {{"bytes", ordinal + 1}};
  checkpoint.tally = Tally(3);
  checkpoint.tally.ledger.read = 1;
  checkpoint.tally.ledger.written = 1;
  checkpoint.tally.nodes[0].out = 1;
  checkpoint.tally.nodes[2].in = 1;
  return checkpoint;
}

// Another record of it died.
inline void add_dead_letter(Checkpoint& checkpoint) {
  checkpoint.dead_letters.emplace_back();
  ++checkpoint.tally.ledger.made;
  ++checkpoint.tally.ledger.dead;
}

// A child process that runs `work`, which reports progress by number through the function it gets;
// killed with SIGKILL once `reports` numbers have come. Returns the last number it reported,
// including those between the decision and its death; nothing when it ended by itself.
std::optional<std::uint64_t> kill_after(
    int reports, const std::function<void(const std::function<void(std::uint64_t)>&)>& work);

// Runs `work` on a thread that sees an empty tmpfs of `bytes` at `folder`; everybody else keeps the
// folder as it is. False when this system does not allow it.
bool with_small_disk(const std::string& folder, std::size_t bytes,
                     const std::function<void()>& work);
// Turns the disk of with_small_disk() read-only; to be called inside.
bool make_read_only(const std::string& folder);

// Fills the disk of with_small_disk() but for `free_bytes`; to be called inside. The file that
// does.
std::string fill_disk(const std::string& folder, std::size_t free_bytes);

}  // namespace rare::engine::state_test
