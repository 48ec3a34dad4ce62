#include "plugins/elf.hpp"

#include "plugin_loader.hpp"

#include "app/probe.hpp"
#include "base/sha256.hpp"

#include <elf.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

namespace fs = std::filesystem;
using namespace spar::host;
using spar::test::Folder;

namespace {

std::string content(const fs::path &path) {
    return spar::test::file_content(path.string());
}

std::string good() {
    return content(fs::path(TOYS) / "good" / "toys.so");
}

std::string fault_of(const std::string &bytes) {
    const Folder folder;
    return elf_fault(folder.write("x.so", bytes));
}

/// The file with one field of its header changed.
template <class T>
std::string with(std::string bytes, std::size_t offset, T value) {
    std::memcpy(bytes.data() + offset, &value, sizeof value);
    return bytes;
}

/// The place after the last byte of the file that is loaded.
std::size_t end_of_segments(const std::string &bytes) {
    Elf64_Ehdr header;
    std::memcpy(&header, bytes.data(), sizeof header);
    std::size_t end = 0;
    for (std::size_t i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr segment;
        std::memcpy(&segment, bytes.data() + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type == PT_LOAD)
            end = std::max<std::size_t>(end, segment.p_offset + segment.p_filesz);
    }
    return end;
}

bool has(const std::string &text, const std::string &part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("files that are no plugin, each with its reason") {
    const fs::path toys(TOYS);
    CHECK(elf_fault(toys / "good" / "toys.so").empty());
    CHECK(fault_of("") == "is empty");
    CHECK(has(fault_of("x"), "no ELF file"));
    CHECK(has(fault_of("\x7f"
                       "ELF"),
              "damaged or truncated"));
    CHECK(has(fault_of("{\"version\": 1}"), "no ELF file"));
    CHECK(has(elf_fault(toys / "faulty" / "executable_stack.so"), "executable stack"));
    CHECK(has(probe({SPAR_BINARY}, host_table(), [] {})[0].fault, "executable"));
    CHECK(!elf_fault("/nonexistent.so").empty());
    CHECK(elf_fault("/dev/zero") == "is not a regular file");
    CHECK(elf_fault("/tmp") == "is not a regular file");
    const Folder folder;
    REQUIRE(::mkfifo((folder / "pipe.so").c_str(), 0600) == 0);
    CHECK(elf_fault(folder / "pipe.so") == "is not a regular file");
}

TEST_CASE("headers of other machines and kinds of file") {
    const std::string bytes = good();
    const Elf64_Half other =
        bytes[offsetof(Elf64_Ehdr, e_machine)] == static_cast<char>(EM_RISCV) ? EM_S390 : EM_RISCV;
    CHECK(has(fault_of(with(bytes, offsetof(Elf64_Ehdr, e_machine), other)), "is built for"));
    CHECK(has(fault_of(with(bytes, EI_CLASS, char{ELFCLASS32})), "not a 64-bit library"));
    CHECK(has(fault_of(with(bytes, EI_DATA, char{ELFDATA2MSB})), "big-endian"));
    CHECK(has(fault_of(with(bytes, offsetof(Elf64_Ehdr, e_type), Elf64_Half{ET_EXEC})),
              "no shared library"));
    CHECK(has(fault_of(with(bytes, offsetof(Elf64_Ehdr, e_phoff), ~Elf64_Off{0})), "damaged"));
}

TEST_CASE("a file cut short anywhere is refused, by its headers or by a child that loads it") {
    const std::string bytes = good();
    const Folder folder;
    std::vector<fs::path> files;
    // What follows the last segment is not loaded, and a page is loaded if any of it exists.
    constexpr std::size_t page = 4096;
    const std::size_t end = end_of_segments(bytes) / page * page - page;
    for (std::size_t length = 1; length < end; length += end / 40)
        files.push_back(
            folder.write("cut" + std::to_string(length) + ".so", bytes.substr(0, length)));
    const std::vector<Probed> probed = probe(files, host_table(), [] {});
    for (std::size_t i = 0; i < files.size(); ++i) {
        INFO(files[i].string());
        CHECK(!(elf_fault(files[i]) + probed[i].fault).empty());
    }
}

TEST_CASE("a library without an entry is distinguished from one of another contract") {
    const fs::path toys(TOYS);
    const auto probed = probe({toys / "faulty" / "other_major.so"}, host_table(), [] {});
    CHECK(has(probed[0].fault, "exports spar_plugin_entry_v2"));
    const auto none = probe({SPAR_ZOO_DIR "/broken/no_entry.so"}, host_table(), [] {});
    CHECK(has(none[0].fault, "does not export spar_plugin_entry_v1"));
}

TEST_CASE("no changed byte of the headers makes the reader fail") {
    std::string bytes = good();
    const Folder folder;
    const std::string file = folder.write("flipped.so", bytes);
    std::FILE *open = std::fopen(file.c_str(), "r+b");
    REQUIRE(open != nullptr);
    const auto put = [&](std::size_t at, char value) {
        std::fseek(open, static_cast<long>(at), SEEK_SET);
        std::fputc(value, open);
        std::fflush(open);
    };
    for (std::size_t at = 0; at < 4096; ++at) {
        for (const int flip : {0x01, 0x80, 0xFF}) {
            put(at, static_cast<char>(bytes[at] ^ flip));
            (void)elf_fault(file);  // any answer will do
        }
        put(at, bytes[at]);
    }
    std::fclose(open);
    CHECK(elf_fault(file).empty());
}

TEST_CASE("SHA-256 of a text and of a file") {
    const char *abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    CHECK(sha256_of("abc") == abc);
    const Folder folder;
    CHECK(sha256_of_file(folder.write("abc", "abc")) == abc);
    const std::string long_text(1 << 20, 'x');
    CHECK(sha256_of_file(folder.write("long", long_text)) == sha256_of(long_text));
    CHECK_THROWS(sha256_of_file(folder / "missing"));
}
