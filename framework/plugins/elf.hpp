// What a file says of itself before anything in it is run.
#pragma once

#include <filesystem>
#include <string>

namespace spar::host {

/// Why the file cannot be a plugin for this machine, in words; empty if nothing speaks against it.
///
/// Checks what loading it (plugins/probe.hpp) would not tell, or not in plain words: that it is a
/// regular file, an ELF shared library for the machine that this program runs on, and asks for no
/// executable stack, which the loader would grant to the whole process.
std::string elf_fault(const std::filesystem::path &path);

}  // namespace spar::host
