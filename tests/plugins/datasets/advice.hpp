// The warnings of a dataset while it is opened.
#pragma once

#include "open.hpp"

#include "pipeline/warnings.hpp"

#include <algorithm>

namespace spar::test {

/// Codes of what opening a dataset warns of.
inline std::vector<std::string> advice(const std::string &json) {
    host::warnings().clear();
    Opened opened(json);
    std::vector<std::string> codes;
    for (const host::Warning &warning : host::warnings().all()) codes.push_back(warning.code);
    host::warnings().clear();
    return codes;
}

using Codes = std::vector<std::string>;

}  // namespace spar::test
