// The names that other tools give to the keys of a pipeline.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace spar::host {

/// The known name with the same meaning as `word` in this field; empty if there is none.
std::string synonym(std::string_view word, const std::vector<std::string> &known);

/// The advice after an unknown name: the one that was meant, if it can be guessed, and all known
/// ones.
std::string hint(const std::string &name, const std::vector<std::string> &known);

}  // namespace spar::host
