#include "engine/plugin/elf_section.h"

#include <elf.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "catch.h"
#include "fixture_files.h"

namespace rare::engine {
namespace {

namespace fs = std::filesystem;
using test::fixture;
using test::overwrite;
using test::ScratchFolder;

// A sound plugin's file to damage.
struct Copy {
  Copy() {
    fs::copy_file(fixture("good"), file);
    std::ifstream(file, std::ios::binary).read(reinterpret_cast<char*>(&header), sizeof(header));
  }
  std::string reason() const {
    const Result<std::string> section = read_elf_section(file, ".rare_plugin");
    return section.ok() ? "read" : section.status().message();
  }
  ScratchFolder folder;
  const std::string file = folder / "copy.so";
  Elf64_Ehdr header{};
};

std::string two_bytes(std::uint16_t value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
}
std::string eight_bytes(std::uint64_t value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
}

TEST_CASE("a section is read as it stands in the file") {
  const Result<std::string> section = read_elf_section(fixture("good"), ".rare_plugin");
  REQUIRE(section.ok());
  CHECK(section->substr(0, 8) == "RAREPLG1");
}

TEST_CASE("a library without the section is told from one that is damaged") {
  const Result<std::string> section = read_elf_section(fixture("no_descriptor"), ".rare_plugin");
  CHECK(section.status().code() == StatusCode::not_found);
}

TEST_CASE("what is no shared library says so") {
  const std::string not_elf = "not a shared library: it does not begin as an ELF file";
  CHECK(read_elf_section(fixture("not_elf"), "x").status().message() == not_elf);
  ScratchFolder folder;
  std::ofstream(folder / "empty.so").flush();
  CHECK(read_elf_section(folder / "empty.so", "x").status().message() == not_elf);
  CHECK(read_elf_section(folder / ".", "x").status().message() ==
        "not a shared library: not a regular file");
  CHECK(read_elf_section(folder / "none.so", "x").status().message() ==
        "cannot be read: No such file or directory");
}

TEST_CASE("another architecture is named beside this one") {
  Copy copy;
  const bool here_is_arm = copy.header.e_machine == EM_AARCH64;
  const std::string here = here_is_arm ? "AArch64" : "x86-64";
  const std::string there = here_is_arm ? "x86-64" : "AArch64";
  overwrite(copy.file, offsetof(Elf64_Ehdr, e_machine),
            two_bytes(here_is_arm ? EM_X86_64 : EM_AARCH64));
  CHECK(copy.reason() == "built for " + there + ", this engine runs on " + here +
                             ": rebuild the plugin for this machine");
  overwrite(copy.file, offsetof(Elf64_Ehdr, e_machine), two_bytes(4711));
  CHECK(copy.reason() == "built for ELF machine 4711, this engine runs on " + here +
                             ": rebuild the plugin for this machine");
}

TEST_CASE("an object file is no shared library") {
  Copy copy;
  overwrite(copy.file, offsetof(Elf64_Ehdr, e_type), two_bytes(ET_REL));
  CHECK(copy.reason() == "not a shared library: an ELF file of type 1 instead of 3");
}

TEST_CASE("a file cut short is refused wherever it was cut") {
  Copy copy;
  const std::uint64_t size = fs::file_size(copy.file);
  for (const std::uint64_t keep : {std::uint64_t{5}, std::uint64_t{63}}) {
    fs::resize_file(copy.file, keep);
    CHECK(copy.reason() ==
          "truncated: the file has " + std::to_string(keep) +
              " bytes and its ELF header lies beyond them; build or copy it again");
    fs::copy_file(fixture("good"), copy.file, fs::copy_options::overwrite_existing);
  }
  fs::resize_file(copy.file, size - 1);
  CHECK(copy.reason() ==
        "truncated: the file has " + std::to_string(size - 1) +
            " bytes and its section table lies beyond them; build or copy it again");
}

TEST_CASE("offsets and sizes that no file has are refused") {
  Copy copy;
  const std::uint64_t names = copy.header.e_shoff + copy.header.e_shstrndx * sizeof(Elf64_Shdr);
  SECTION("the section table's offset") {
    overwrite(copy.file, offsetof(Elf64_Ehdr, e_shoff), eight_bytes(UINT64_MAX - 8));
    CHECK(copy.reason().rfind("truncated: ", 0) == 0);
  }
  SECTION("the section table's entry size") {
    overwrite(copy.file, offsetof(Elf64_Ehdr, e_shentsize), two_bytes(3));
    CHECK(copy.reason() ==
          "damaged: its section headers have 3 bytes instead of 64; build or copy it again");
  }
  SECTION("the index of the table of names") {
    overwrite(copy.file, offsetof(Elf64_Ehdr, e_shstrndx), two_bytes(999));
    CHECK(copy.reason() == "damaged: its table of section names is section 999 of " +
                               std::to_string(copy.header.e_shnum) + "; build or copy it again");
  }
  SECTION("the size of the table of names") {
    overwrite(copy.file, names + offsetof(Elf64_Shdr, sh_size), eight_bytes(UINT64_MAX));
    CHECK(copy.reason() ==
          "damaged: a section of 18446744073709551615 bytes where at most 1048576 are expected; "
          "build or copy it again");
  }
  SECTION("the offset of the table of names") {
    overwrite(copy.file, names + offsetof(Elf64_Shdr, sh_offset), eight_bytes(UINT64_MAX));
    CHECK(copy.reason().rfind("truncated: ", 0) == 0);
  }
  SECTION("no section table at all") {
    overwrite(copy.file, offsetof(Elf64_Ehdr, e_shoff), eight_bytes(0));
    CHECK(copy.reason() == "no section .rare_plugin");
  }
}

TEST_CASE("every byte of the headers may be anything") {
  // Whatever stands there, the reader ends with an answer; sanitizers see that it reads nothing
  // else.
  Copy copy;
  std::string header(sizeof(Elf64_Ehdr), '\0');
  std::memcpy(header.data(), &copy.header, sizeof(copy.header));
  int answers = 0;
  for (std::size_t i = SELFMAG; i < header.size(); ++i) {
    for (const char value : {'\x00', '\x01', '\x7f', '\xff'}) {
      overwrite(copy.file, i, std::string(1, value));
      answers += copy.reason().empty() ? 0 : 1;
    }
    overwrite(copy.file, i, header.substr(i, 1));
  }
  CHECK(answers == static_cast<int>((header.size() - SELFMAG) * 4));
  CHECK(copy.reason() == "read");
}

}  // namespace
}  // namespace rare::engine
