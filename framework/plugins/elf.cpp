#include "plugins/elf.hpp"

#include <elf.h>
#include <fcntl.h>
#include <spar/abi.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace spar::host {
namespace {

constexpr std::string_view entry_stem = "spar_plugin_entry_v";
constexpr std::uint64_t most_symbols = 1U << 22;
constexpr std::uint64_t most_text = 1U << 28;

#if defined(__x86_64__)
constexpr Elf64_Half this_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half this_machine = EM_AARCH64;
#elif defined(__riscv)
constexpr Elf64_Half this_machine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr Elf64_Half this_machine = EM_PPC64;
#else
constexpr Elf64_Half this_machine = EM_NONE;
#endif

struct Fault : std::runtime_error {
    using std::runtime_error::runtime_error;
};

[[noreturn]] void damaged(const std::string &what) {
    throw Fault("is a damaged or truncated shared library: " + what);
}

std::string machine_name(Elf64_Half machine) {
    switch (machine) {
        case EM_X86_64:
            return "x86-64";
        case EM_386:
            return "x86 (32 bit)";
        case EM_AARCH64:
            return "AArch64";
        case EM_ARM:
            return "ARM (32 bit)";
        case EM_RISCV:
            return "RISC-V";
        case EM_PPC64:
            return "POWER";
        default:
            return "machine number " + std::to_string(machine);
    }
}

/// Reads pieces of a regular file; a piece that is not wholly inside it is a fault.
class File {
  public:
    explicit File(const std::filesystem::path &path) {
        struct stat about {};
        if (::stat(path.c_str(), &about) != 0) throw Fault(std::strerror(errno));
        if (!S_ISREG(about.st_mode)) throw Fault("is not a regular file");
        descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (descriptor_ < 0) throw Fault(std::string("cannot be read: ") + std::strerror(errno));
        size_ = static_cast<std::uint64_t>(about.st_size);
    }
    ~File() { ::close(descriptor_); }
    File(const File &) = delete;
    File &operator=(const File &) = delete;

    std::uint64_t size() const { return size_; }
    bool holds(std::uint64_t offset, std::uint64_t length) const {
        return offset <= size_ && length <= size_ - offset;
    }

    void read(std::uint64_t offset, void *out, std::uint64_t length, const char *what) const {
        if (!holds(offset, length)) damaged(std::string(what) + " lies beyond its end");
        auto *bytes = static_cast<char *>(out);
        while (length > 0) {
            const ssize_t count = ::pread(descriptor_, bytes, length, static_cast<off_t>(offset));
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) throw Fault("cannot be read");
            bytes += count;
            offset += static_cast<std::uint64_t>(count);
            length -= static_cast<std::uint64_t>(count);
        }
    }

    template <class T>
    T read(std::uint64_t offset, const char *what) const {
        T value{};
        read(offset, &value, sizeof value, what);
        return value;
    }

    template <class T>
    std::vector<T> list(std::uint64_t offset, std::uint64_t count, const char *what) const {
        if (count > size_ / sizeof(T)) damaged(std::string(what) + " lies beyond its end");
        std::vector<T> values(count);
        read(offset, values.data(), count * sizeof(T), what);
        return values;
    }

  private:
    int descriptor_ = -1;
    std::uint64_t size_ = 0;
};

Elf64_Ehdr checked_header(const File &file) {
    unsigned char magic[EI_NIDENT] = {};
    if (file.size() == 0) throw Fault("is empty");
    file.read(0, magic, std::min<std::uint64_t>(sizeof magic, file.size()), "the header");
    if (std::memcmp(magic, ELFMAG, SELFMAG) != 0)
        throw Fault("is not a shared library (no ELF file)");
    const auto header = file.read<Elf64_Ehdr>(0, "the header");
    if (magic[EI_CLASS] != ELFCLASS64) throw Fault("is not a 64-bit library");
    if (magic[EI_DATA] != ELFDATA2LSB) throw Fault("is a big-endian library");
    if (header.e_machine != this_machine)
        throw Fault("is built for " + machine_name(header.e_machine) + ", this machine is " +
                    machine_name(this_machine));
    if (header.e_type != ET_DYN) throw Fault("is an ELF file but no shared library");
    if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0)
        damaged("it has no program headers");
    if (header.e_shoff != 0 &&
        !file.holds(header.e_shoff, std::uint64_t{header.e_shnum} * header.e_shentsize))
        damaged("its section headers lie beyond its end");
    return header;
}

using Segments = std::vector<Elf64_Phdr>;

Segments checked_segments(const File &file, const Elf64_Ehdr &header) {
    Segments segments = file.list<Elf64_Phdr>(header.e_phoff, header.e_phnum, "a program header");
    bool any = false;
    for (const Elf64_Phdr &segment : segments) {
        if (segment.p_type == PT_GNU_STACK && (segment.p_flags & PF_X) != 0)
            throw Fault("asks for an executable stack; link it with -Wl,-z,noexecstack");
        if (segment.p_type == PT_INTERP) throw Fault("is a program, no library");
        if (segment.p_type != PT_LOAD) continue;
        any = true;
        if (!file.holds(segment.p_offset, segment.p_filesz))
            damaged("a segment lies beyond its end");
        if (segment.p_memsz < segment.p_filesz) damaged("a segment is larger than its memory");
    }
    if (!any) damaged("it has nothing to load");
    return segments;
}

/// Where in the file the bytes at an address of the loaded library stand.
std::uint64_t file_offset(const Segments &segments, std::uint64_t address) {
    for (const Elf64_Phdr &segment : segments)
        if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
            address - segment.p_vaddr < segment.p_filesz)
            return segment.p_offset + (address - segment.p_vaddr);
    damaged("a table lies outside its segments");
}

struct Tables {
    std::uint64_t symbols = 0, text = 0, text_size = 0, hash = 0, gnu_hash = 0;
};

Tables dynamic_tables(const File &file, const Segments &segments) {
    const auto dynamic = std::find_if(segments.begin(), segments.end(),
                                      [](const Elf64_Phdr &s) { return s.p_type == PT_DYNAMIC; });
    if (dynamic == segments.end()) throw Fault("has no dynamic section: it is no shared library");
    Tables tables;
    for (const auto &entry : file.list<Elf64_Dyn>(
             dynamic->p_offset, dynamic->p_filesz / sizeof(Elf64_Dyn), "the dynamic section")) {
        if (entry.d_tag == DT_NULL) break;
        if (entry.d_tag == DT_SYMTAB) tables.symbols = entry.d_un.d_ptr;
        if (entry.d_tag == DT_STRTAB) tables.text = entry.d_un.d_ptr;
        if (entry.d_tag == DT_STRSZ) tables.text_size = entry.d_un.d_val;
        if (entry.d_tag == DT_HASH) tables.hash = entry.d_un.d_ptr;
        if (entry.d_tag == DT_GNU_HASH) tables.gnu_hash = entry.d_un.d_ptr;
    }
    if (tables.symbols == 0 || tables.text == 0) throw Fault("exports no symbols");
    return tables;
}

/// The GNU hash table gives no count; the last chain of the highest bucket ends the symbols.
std::uint64_t count_by_gnu_hash(const File &file, std::uint64_t offset) {
    const auto head = file.list<std::uint32_t>(offset, 4, "the symbol hash table");
    const std::uint64_t buckets_at = offset + 16 + std::uint64_t{head[2]} * 8;
    const auto buckets = file.list<std::uint32_t>(buckets_at, head[0], "the symbol hash table");
    std::uint64_t last = 0;
    for (const std::uint32_t bucket : buckets) last = std::max<std::uint64_t>(last, bucket);
    if (last < head[1]) return head[1];
    const std::uint64_t chains_at = buckets_at + std::uint64_t{head[0]} * 4;
    while (last < most_symbols) {
        const std::uint64_t at = chains_at + (last - head[1]) * 4;
        if ((file.read<std::uint32_t>(at, "the symbol hash table") & 1U) != 0) break;
        ++last;
    }
    return last + 1;
}

/// Names of all symbols that the library defines and that start like an entry.
std::vector<std::string> entries(const File &file, const Segments &segments) {
    const Tables tables = dynamic_tables(file, segments);
    std::uint64_t count = 0;
    if (tables.gnu_hash != 0)
        count = count_by_gnu_hash(file, file_offset(segments, tables.gnu_hash));
    else if (tables.hash != 0)
        count = file.read<std::uint32_t>(file_offset(segments, tables.hash) + 4,
                                         "the symbol hash table");
    if (count > most_symbols || tables.text_size > most_text)
        throw Fault("has too many symbols to look through");
    const auto symbols =
        file.list<Elf64_Sym>(file_offset(segments, tables.symbols), count, "the symbol table");
    const auto text = file.list<char>(file_offset(segments, tables.text), tables.text_size,
                                      "the names of its symbols");
    std::vector<std::string> found;
    for (const Elf64_Sym &symbol : symbols) {
        if (symbol.st_shndx == SHN_UNDEF || symbol.st_name >= text.size()) continue;
        const char *start = text.data() + symbol.st_name;
        const std::string_view name(start, strnlen(start, text.size() - symbol.st_name));
        if (name.starts_with(entry_stem) && name.size() < entry_stem.size() + 8)
            found.emplace_back(name);
    }
    return found;
}

void check_entry(const File &file, const Segments &segments) {
    const std::vector<std::string> found = entries(file, segments);
    if (std::find(found.begin(), found.end(), SPAR_PLUGIN_ENTRY) != found.end()) return;
    if (found.empty())
        throw Fault("is no plugin: it does not export " SPAR_PLUGIN_ENTRY
                    "; where its source defines that function, make it visible (the declaration in "
                    "spar/abi.h does) and give it C linkage");
    throw Fault("is a plugin of another major version of the contract: it exports " + found[0] +
                ", this host looks for " SPAR_PLUGIN_ENTRY "; rebuild it with this version's SDK");
}

}  // namespace

std::string elf_fault(const std::filesystem::path &path) {
    try {
        const File file(path);
        const Elf64_Ehdr header = checked_header(file);
        check_entry(file, checked_segments(file, header));
        return {};
    } catch (const Fault &fault) {
        return fault.what();
    } catch (const std::bad_alloc &) {
        return "is too large to look through";
    }
}

}  // namespace spar::host
