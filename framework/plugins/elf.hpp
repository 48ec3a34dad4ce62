// What a file says of itself before anything in it is run: a bounded reader of ELF headers.
#pragma once

#include <filesystem>
#include <string>

namespace spar::host {

/// Why the file cannot be a plugin for this machine, in words; empty if nothing speaks against it.
///
/// Checks that it is a regular file and a complete ELF shared library of this machine, that all its
/// segments lie inside the file (mapping one that does not ends the process), that it asks for no
/// executable stack, and that it exports the entry symbol. Every offset is checked against the
/// file's size before it is followed.
std::string elf_fault(const std::filesystem::path &path);

}  // namespace spar::host
