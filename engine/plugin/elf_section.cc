#include "engine/plugin/elf_section.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace rare::engine {
namespace {

#if defined(__x86_64__)
constexpr std::uint16_t kThisMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kThisMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr std::uint16_t kThisMachine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr std::uint16_t kThisMachine = EM_PPC64;
#else
#error "name this machine's ELF architecture here"
#endif
constexpr unsigned char kThisByteOrder =
    std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

// Sections beyond this are not read: a descriptor has some hundred bytes, a table of names some
// thousand. It bounds the memory that a damaged or hostile file can ask for.
constexpr std::uint64_t kMaxSectionBytes = 1 << 20;

std::string machine_name(std::uint16_t machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "AArch64";
    case EM_386:
      return "x86 (32 bits)";
    case EM_ARM:
      return "ARM (32 bits)";
    case EM_RISCV:
      return "RISC-V";
    case EM_PPC64:
      return "PowerPC 64";
    default:
      return "ELF machine " + std::to_string(machine);
  }
}

Status damaged(const std::string& what) { return Status(StatusCode::invalid_data, what); }

class ElfFile {
 public:
  ElfFile() = default;
  ElfFile(const ElfFile&) = delete;
  ElfFile& operator=(const ElfFile&) = delete;
  ~ElfFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  Status open(const std::string& file) {
    descriptor_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info {};
    if (descriptor_ < 0 || ::fstat(descriptor_, &info) != 0) {
      return Status(StatusCode::permission_denied,
                    std::string("cannot be read: ") + std::strerror(errno));
    }
    if (!S_ISREG(info.st_mode)) return damaged("not a shared library: not a regular file");
    bytes_ = static_cast<std::uint64_t>(info.st_size);
    return read_header();
  }

  Result<std::string> section(std::string_view wanted) {
    if (header_.e_shoff == 0) return missing(wanted);
    Elf64_Shdr first{};
    if (Status status = read_section_header(0, first); !status.ok()) return status;
    // Counts that do not fit into the file header's 16 bits stand in the first section's header.
    const std::uint64_t count = header_.e_shnum != 0 ? header_.e_shnum : first.sh_size;
    const std::uint64_t names_index =
        header_.e_shstrndx == SHN_XINDEX ? first.sh_link : header_.e_shstrndx;
    if (names_index >= count) {
      return damaged("damaged: its table of section names is section " +
                     std::to_string(names_index) + " of " + std::to_string(count) +
                     "; build or copy it again");
    }
    Elf64_Shdr names_header{};
    if (Status status = read_section_header(names_index, names_header); !status.ok()) return status;
    Result<std::string> names = contents(names_header);
    if (!names) return names;
    for (std::uint64_t i = 1; i < count; ++i) {
      Elf64_Shdr header{};
      if (Status status = read_section_header(i, header); !status.ok()) return status;
      if (header.sh_name >= names->size()) continue;
      const std::string_view name(names->c_str() + header.sh_name);
      if (name == wanted && header.sh_type != SHT_NOBITS) return contents(header);
    }
    return missing(wanted);
  }

 private:
  static Status missing(std::string_view section) {
    return Status(StatusCode::not_found, "no section " + std::string(section));
  }

  Status read_header() {
    if (bytes_ < SELFMAG) return damaged("not a shared library: it does not begin as an ELF file");
    unsigned char magic[SELFMAG];
    if (Status status = read_at(0, magic, sizeof(magic), "its first bytes"); !status.ok()) {
      return status;
    }
    if (std::memcmp(magic, ELFMAG, SELFMAG) != 0) {
      return damaged("not a shared library: it does not begin as an ELF file");
    }
    if (Status status = read_at(0, &header_, sizeof(header_), "its ELF header"); !status.ok()) {
      return status;
    }
    const unsigned char* ident = header_.e_ident;
    if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != kThisByteOrder ||
        header_.e_machine != kThisMachine) {
      // Of another byte order, e_machine's two bytes are swapped, too.
      const std::uint16_t machine = ident[EI_DATA] == kThisByteOrder
                                        ? header_.e_machine
                                        : __builtin_bswap16(header_.e_machine);
      return damaged("built for " + machine_name(machine) + ", this engine runs on " +
                     machine_name(kThisMachine) + ": rebuild the plugin for this machine");
    }
    if (header_.e_type != ET_DYN) {
      return damaged("not a shared library: an ELF file of type " + std::to_string(header_.e_type) +
                     " instead of " + std::to_string(ET_DYN));
    }
    return Status();
  }

  Status read_section_header(std::uint64_t index, Elf64_Shdr& into) {
    if (header_.e_shentsize < sizeof(Elf64_Shdr)) {
      return damaged("damaged: its section headers have " + std::to_string(header_.e_shentsize) +
                     " bytes instead of " + std::to_string(sizeof(Elf64_Shdr)) +
                     "; build or copy it again");
    }
    const std::uint64_t entry = header_.e_shentsize;
    if (index > bytes_ / entry || header_.e_shoff > bytes_) return truncated("its section table");
    return read_at(header_.e_shoff + index * entry, &into, sizeof(into), "its section table");
  }

  Result<std::string> contents(const Elf64_Shdr& header) {
    if (header.sh_size > kMaxSectionBytes) {
      return damaged("damaged: a section of " + std::to_string(header.sh_size) +
                     " bytes where at most " + std::to_string(kMaxSectionBytes) +
                     " are expected; build or copy it again");
    }
    std::string bytes(header.sh_size, '\0');
    Status status = read_at(header.sh_offset, bytes.data(), bytes.size(), "a section");
    if (!status.ok()) return status;
    return bytes;
  }

  Status truncated(const std::string& what) const {
    return damaged("truncated: the file has " + std::to_string(bytes_) + " bytes and " + what +
                   " lies beyond them; build or copy it again");
  }

  Status read_at(std::uint64_t offset, void* into, std::uint64_t size, const std::string& what) {
    if (offset > bytes_ || size > bytes_ - offset) return truncated(what);
    char* to = static_cast<char*>(into);
    for (std::uint64_t done = 0; done < size;) {
      const ssize_t got =
          ::pread(descriptor_, to + done, size - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return damaged(std::string("cannot be read: ") + std::strerror(errno));
      if (got == 0) return truncated(what);
      done += static_cast<std::uint64_t>(got);
    }
    return Status();
  }

  int descriptor_ = -1;
  std::uint64_t bytes_ = 0;
  Elf64_Ehdr header_{};
};

}  // namespace

Result<std::string> read_elf_section(const std::string& file, std::string_view section) {
  ElfFile elf;
  if (Status status = elf.open(file); !status.ok()) return status;
  return elf.section(section);
}

}  // namespace rare::engine
