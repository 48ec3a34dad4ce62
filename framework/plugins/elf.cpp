#include "plugins/elf.hpp"

#include <elf.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace spar::host {
namespace {

/// Reads a struct at an offset; false if the file is too short.
template <class T>
bool read(std::ifstream &file, std::uint64_t offset, T &value) {
    file.clear();
    file.seekg(static_cast<std::streamoff>(offset));
    return static_cast<bool>(file.read(reinterpret_cast<char *>(&value), sizeof value));
}

std::string machine_name(Elf64_Half machine) {
    switch (machine) {
        case EM_X86_64:
            return "x86-64";
        case EM_386:
            return "x86 (32 bit)";
        case EM_AARCH64:
            return "AArch64";
        default:
            return "machine number " + std::to_string(machine);
    }
}

Elf64_Half this_machine() {
    std::ifstream file("/proc/self/exe", std::ios::binary);
    Elf64_Ehdr header{};
    return read(file, 0, header) ? header.e_machine : Elf64_Half{EM_NONE};
}

}  // namespace

std::string elf_fault(const std::filesystem::path &path) {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) return std::strerror(errno);
    if (!S_ISREG(about.st_mode)) return "is not a regular file";
    if (about.st_size == 0) return "is empty";
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::string("cannot be read: ") + std::strerror(errno);
    char magic[SELFMAG] = {};
    if (!read(file, 0, magic) || std::memcmp(magic, ELFMAG, SELFMAG) != 0)
        return "is not a shared library (no ELF file)";
    Elf64_Ehdr header{};
    if (!read(file, 0, header)) return "is a damaged or truncated shared library: it has no header";
    if (header.e_ident[EI_CLASS] != ELFCLASS64) return "is not a 64-bit library";
    if (header.e_ident[EI_DATA] != ELFDATA2LSB) return "is a big-endian library";
    if (header.e_machine != this_machine())
        return "is built for " + machine_name(header.e_machine) + ", this machine is " +
               machine_name(this_machine());
    if (header.e_type != ET_DYN) return "is an ELF file but no shared library";
    for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr segment{};
        if (!read(file, header.e_phoff + i * sizeof segment, segment))
            return "is a damaged or truncated shared library: a program header is missing";
        if (segment.p_type == PT_GNU_STACK && (segment.p_flags & PF_X) != 0)
            return "asks for an executable stack; link it with -Wl,-z,noexecstack";
    }
    return {};
}

}  // namespace spar::host
