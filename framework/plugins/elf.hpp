// What a file's headers say before any of its code runs.
#pragma once

#include <filesystem>
#include <string>

namespace spar::host {

/// Why the file cannot be a plugin for this machine, in words; empty if nothing rules it out.
///
/// Checks what loading it (plugins/probe.hpp) would not reveal, or not in plain words: that it is a
/// regular file, an ELF shared library for this machine, and does not ask for an executable stack,
/// which the loader would grant to the whole process.
std::string elf_fault(const std::filesystem::path &path);

}  // namespace spar::host
