#include "compose/node_text.hpp"

#include "base/failure.hpp"
#include "base/problems.hpp"
#include "base/words.hpp"
#include "text/parse.hpp"

#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

/// The place of the next comma that belongs to no value; the text's size if there is none.
std::size_t end_of_part(std::string_view text) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted && c == '\\') {
            ++i;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted) {
            depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
            if (c == ',' && depth == 0) return i;
        }
    }
    return text.size();
}

Json value_of(std::string_view text, const std::string &label) {
    const bool json = Json::accept(text) || text.starts_with('{') || text.starts_with('[') ||
                      text.starts_with('"');
    return json ? parse_json(text, label) : Json(text);
}

}  // namespace

Json node_of_text(std::string_view text, const std::string &option) {
    const auto wrong = [&](const std::string &what) {
        throw Failure(Exit::usage, option +
                                       ": expected a name, and after a colon parameters "
                                       "between commas, as in pgd:steps=40,restarts=5; " +
                                       what);
    };
    const std::size_t colon = text.find(':');
    const std::string_view type = text.substr(0, colon);
    if (!valid_utf8(text)) wrong("found text that is not UTF-8");
    if (type.empty() || type.find_first_of("={}[]\", ") != std::string_view::npos)
        wrong("found " + quote(text, 200));
    Json node = {{"type", type}};
    if (colon == std::string_view::npos) return node;
    std::string_view rest = text.substr(colon + 1);
    if (rest.empty()) wrong("found nothing after the colon");
    while (!rest.empty()) {
        const std::size_t end = end_of_part(rest);
        const std::string_view part = rest.substr(0, end);
        const std::size_t equals = part.find('=');
        if (equals == std::string_view::npos || equals == 0)
            wrong("found " + quote(part, 200) + ", which is no NAME=VALUE");
        const std::string name(part.substr(0, equals));
        if (node.contains(name)) wrong("found " + quote(name) + " twice");
        node[name] = value_of(part.substr(equals + 1), option);
        if (end == rest.size()) break;
        rest.remove_prefix(end + 1);
        if (rest.empty()) wrong("found nothing after the last comma");
    }
    return node;
}

}  // namespace spar::host
