// Files that are no plugins, whatever they are called: refused before anything in them is run.
#include "process.hpp"

#include "app/probe.hpp"
#include "plugins/elf.hpp"

#include <elf.h>
#include <sys/stat.h>
#include <sys/un.h>

using namespace spar;
using namespace spar::test;

namespace {

const std::string &sound() {
    static const std::string bytes = file_content(SPAR_ZOO_DIR "/broken/sound.so");
    REQUIRE(bytes.size() > 4000);
    return bytes;
}

/// The sound plugin with `size` bytes at `offset` replaced.
template <class T>
std::string patched(std::size_t offset, T value) {
    std::string bytes = sound();
    std::memcpy(bytes.data() + offset, &value, sizeof value);
    return bytes;
}

}  // namespace

TEST_CASE("files that are no plugin for this machine are refused, with what they are") {
    const Folder folder;
    const std::map<std::string, std::string> files = {
        {"empty", ""},
        {"one_byte", "\x7f"},
        {"text", "#!/bin/sh\necho I am a script\n"},
        {"json", R"({"type": "pgd"})"},
        {"zeros", std::string(4096, '\0')},
        {"other_machine", patched<Elf64_Half>(offsetof(Elf64_Ehdr, e_machine), EM_AARCH64)},
        {"bits_32", patched<unsigned char>(EI_CLASS, ELFCLASS32)},
        {"big_endian", patched<unsigned char>(EI_DATA, ELFDATA2MSB)},
        {"program", patched<Elf64_Half>(offsetof(Elf64_Ehdr, e_type), ET_EXEC)},
        {"object", patched<Elf64_Half>(offsetof(Elf64_Ehdr, e_type), ET_REL)},
        {"version_7", patched<unsigned char>(EI_VERSION, 7)},
        {"segments_far_away", patched<Elf64_Off>(offsetof(Elf64_Ehdr, e_phoff), ~Elf64_Off{0} - 8)},
        {"segments_behind_end",
         patched<Elf64_Off>(offsetof(Elf64_Ehdr, e_phoff), sound().size() - 8)},
        {"many_segments", patched<Elf64_Half>(offsetof(Elf64_Ehdr, e_phnum), 0xFFFF)},
        {"no_segments", patched<Elf64_Half>(offsetof(Elf64_Ehdr, e_phnum), 0)},
        {"odd_segments", patched<Elf64_Half>(offsetof(Elf64_Ehdr, e_phentsize), 7)},
    };
    for (const auto &[name, bytes] : files) folder.write(name + ".so", bytes);
    std::filesystem::create_directory(folder.path() / "folder.so");
    std::filesystem::create_symlink("nowhere", folder.path() / "dangling.so");
    std::filesystem::create_symlink("circle.so", folder.path() / "circle.so");
    REQUIRE(::mkfifo((folder / "fifo.so").c_str(), 0600) == 0);
    std::filesystem::create_symlink("/dev/zero", folder.path() / "device.so");
    folder.write("not_even_called_so", "text");

    const host::Registry found =
        host::Registry::discover({folder.path()}, host::host_table(), {}, host::probe);
    CHECK(found.plugins().empty());
    CHECK(found.refusals().size() == files.size() + 5);
    for (const host::Refusal &refusal : found.refusals()) {
        INFO(refusal.path.string(), ": ", refusal.reason);
        CHECK(refusal.reason.size() >= 8);
    }
    const Ended listed = spar::test::spar({"list", "--plugin-dir", folder.path().string()});
    CHECK(listed.code == 0);
    CHECK(listed.says("text.so"));
}

TEST_CASE("a file that cannot be read is refused") {
    const Folder folder;
    const std::string file = folder.write("secret.so", sound());
    REQUIRE(::chmod(file.c_str(), 0) == 0);
    if (::access(file.c_str(), R_OK) == 0) {
        MESSAGE("SKIPPED: this user may read everything");
        return;
    }
    const host::Registry found =
        host::Registry::discover({folder.path()}, host::host_table(), {}, host::probe);
    CHECK(found.plugins().empty());
    CHECK(found.refusals().size() == 1);
}

TEST_CASE("a plugin cut anywhere never ends the process") {
    const Folder folder;
    std::size_t count = 0;
    // Headers at every 16 bytes, the rest at coarser steps.
    for (std::size_t size = 0; size < sound().size(); size += size < 2048 ? 16 : 509, ++count)
        folder.write("cut" + std::to_string(size) + ".so", sound().substr(0, size));
    const host::Registry found =
        host::Registry::discover({folder.path()}, host::host_table(), {}, host::probe);
    CHECK(found.plugins().size() + found.refusals().size() == count);
    // A file cut after its last segment and symbol may still be a complete plugin.
    CHECK(found.refusals().size() > count / 2);
}

TEST_CASE("a plugin with any one byte of its headers changed never ends the process") {
    const Folder folder;
    std::size_t count = 0;
    for (std::size_t at = 0; at < 64 + 11 * 56; at += 3)
        for (const char bits : {'\xff', '\x01'}) {
            std::string bytes = sound();
            bytes[at] = static_cast<char>(bytes[at] ^ bits);
            folder.write("flip" + std::to_string(count++) + ".so", bytes);
        }
    for (const auto &file : std::filesystem::directory_iterator(folder.path()))
        host::elf_fault(file.path());
}

TEST_CASE("one file under several names is one plugin") {
    const Folder folder;
    const std::string file = folder.write("a.so", sound());
    std::filesystem::create_symlink(file, folder.path() / "b.so");
    std::filesystem::create_hard_link(file, folder.path() / "c.so");
    const host::Registry found = host::Registry::discover({folder.path(), folder.path()},
                                                          host::host_table(), {}, host::probe);
    CHECK(found.plugins().size() == 1);
    CHECK(found.refusals().empty());
}

TEST_CASE("folders that are none hold no plugins") {
    const Folder folder;
    const host::Registry none = host::Registry::discover(
        {folder / "missing", folder.write("file", "")}, host::host_table(), {}, host::probe);
    CHECK(none.plugins().empty());
    CHECK(none.refusals().size() == 1);  // a file is no folder, and that is worth a word
}
