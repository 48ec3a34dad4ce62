// Parameters for people to read: one entry each, followed by those of the parts they are made of.
#pragma once

#include "base/json.hpp"

#include <string>

namespace spar::host {

/// The properties of `schema`, whose references lead into `root`, then those of every part that a
/// value may be made of. An empty title omits that of the first. `width` as in paragraph().
std::string parameters_text(const std::string &title, const Json &schema, const Json &root,
                            std::size_t width);

/// A text with each line indented by two spaces.
std::string indented(const std::string &text, std::size_t width);

}  // namespace spar::host
