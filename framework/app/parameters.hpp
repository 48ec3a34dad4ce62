// Parameters as people read them: one entry each, and below those of the parts they are made of.
#pragma once

#include "base/json.hpp"

#include <string>

namespace spar::host {

/// The properties of `schema`, whose references lead into `root`, then those of every part that a
/// value may be made of. Without a title the first of them has none. `width` as in paragraph().
std::string parameters_text(const std::string &title, const Json &schema, const Json &root,
                            std::size_t width);

/// A text, each of its lines two spaces in.
std::string indented(const std::string &text, std::size_t width);

}  // namespace spar::host
