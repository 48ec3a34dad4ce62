// What other tools call the keys of a pipeline.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace spar::host {

/// The known name that means the same as `word` in the field; empty where there is none.
std::string synonym(std::string_view word, const std::vector<std::string> &known);

/// What to say after an unknown name: the one that was meant, if it can be guessed, and all.
std::string hint(const std::string &name, const std::vector<std::string> &known);

}  // namespace spar::host
