#include "plan/file_name.hpp"

#include "base/secrets.hpp"
#include "base/words.hpp"
#include "plan/check.hpp"

#include <algorithm>

namespace spar::host {
namespace {

/// Whether this can be the name of a file.
bool file_name(const std::string &name) {
    const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    });
    return plain && name[0] != '.' && name[0] != '-';
}

}  // namespace

void check_file_name(const std::string &name, const std::string &pointer, Checker &checker) {
    if (without_secrets(name) != name)
        checker.problem(pointer, "a secret cannot be part of a name, for this becomes a file's");
    else if (!file_name(name))
        checker.problem(pointer,
                        "expected letters, digits, '.', '_' and '-', the first a letter "
                        "or a digit, for this becomes a file's name; found " +
                            quote(name));
}

}  // namespace spar::host
