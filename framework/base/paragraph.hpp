// Text wrapped for a terminal.
#pragma once

#include <string>
#include <string_view>

namespace spar::host {

/// Words of `text` in lines of at most `width` characters where the words allow it, the first line
/// after `first`, the others indented by `indent` spaces. A width of 0: one line. Line ends in the
/// text are kept. The result ends with a line end.
std::string paragraph(std::string_view first, std::size_t indent, std::string_view text,
                      std::size_t width);

}  // namespace spar::host
