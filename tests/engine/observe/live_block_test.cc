#include "engine/observe/live_block.h"

#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <string>

#include "catch.h"

using namespace rare::engine;

namespace {

// A terminal whose other side is read.
class Terminal {
 public:
  Terminal(unsigned short columns, unsigned short rows) {
    winsize size{rows, columns, 0, 0};
    REQUIRE(openpty(&reader_, &writer_, nullptr, nullptr, &size) == 0);
  }
  ~Terminal() {
    close(reader_);
    close(writer_);
  }
  int descriptor() const { return writer_; }
  void resize(unsigned short columns, unsigned short rows) const {
    const winsize size{rows, columns, 0, 0};
    ioctl(writer_, TIOCSWINSZ, &size);
  }
  // What was written since, with the line breaks of a terminal as one character. The other side
  // gets it a little later: up to a mark that is written behind it.
  std::string taken() const {
    constexpr char kMark = '\x01';
    REQUIRE(write(writer_, &kMark, 1) == 1);
    std::string text;
    while (text.empty() || text.back() != kMark) {
      std::array<char, 4096> bytes{};
      const ssize_t got = read(reader_, bytes.data(), bytes.size());
      REQUIRE(got > 0);
      text.append(bytes.data(), static_cast<std::size_t>(got));
    }
    text.pop_back();
    std::erase(text, '\r');
    return text;
  }

 private:
  int reader_ = -1, writer_ = -1;
};

}  // namespace

TEST_CASE("a block is drawn over the one before, and what was below is erased") {
  const Terminal terminal(80, 24);
  LiveBlock block(terminal.descriptor());
  block.show({"one", "two"});
  CHECK(terminal.taken() == "one\033[K\ntwo\033[K\n\033[J");
  block.show({"three"});
  CHECK(terminal.taken() == "\033[2Athree\033[K\n\033[J");
  block.remove();
  CHECK(terminal.taken() == "\033[1A\033[J");
  block.remove();
  CHECK(terminal.taken().empty());
}

TEST_CASE("other lines are written above the block, which stands below them again") {
  const Terminal terminal(80, 24);
  LiveBlock block(terminal.descriptor());
  block.show({"one", "two"});
  (void)terminal.taken();
  block.above([&] { (void)!write(terminal.descriptor(), "log\n", 4); });
  CHECK(terminal.taken() == "\033[2A\033[Jlog\none\033[K\ntwo\033[K\n\033[J");
}

TEST_CASE("without a block other lines are written as they are") {
  const Terminal terminal(80, 24);
  LiveBlock block(terminal.descriptor());
  block.above([&] { (void)!write(terminal.descriptor(), "log\n", 4); });
  CHECK(terminal.taken() == "log\n");
}

TEST_CASE("where the terminal has become narrower, the rows of broken lines are counted") {
  const Terminal terminal(80, 24);
  LiveBlock block(terminal.descriptor());
  block.show({std::string(60, 'x'), "two"});
  (void)terminal.taken();
  terminal.resize(25, 24);
  block.show({"new"});
  CHECK(terminal.taken().starts_with("\033[4Anew"));
}

TEST_CASE("a block is no taller than the terminal") {
  const Terminal terminal(80, 4);
  LiveBlock block(terminal.descriptor());
  block.show({"1", "2", "3", "4", "5"});
  CHECK(terminal.taken() == "1\033[K\n2\033[K\n3\033[K\n\033[J");
}

TEST_CASE("colours and the bytes of a character take no columns") {
  CHECK(columns_of("a\033[1;31mb\033[0mc") == 3);
  CHECK(columns_of("a\u2588\u2026") == 3);
}
