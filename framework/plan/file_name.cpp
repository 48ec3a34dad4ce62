#include "plan/file_name.hpp"

#include "base/secrets.hpp"
#include "base/words.hpp"
#include "plan/check.hpp"
#include "text/source.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

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

/// How much of a text is the name of a file, by the word beside it in the schema.
std::size_t named_part(const std::string &text, const std::string &part) {
    if (part == "before_colon") return std::min(text.rfind(':'), text.size());
    return text.find('/') != std::string::npos ? text.size() : 0;  // "with_slash"
}

}  // namespace

/// Makes what names a file absolute. One that is only part of a text is its component's to look
/// for.
void Checker::path(Json &node, const Json &schema, const std::string &pointer) {
    const bool part = schema.contains("x-spar-path-part");
    if (!part && !schema.value("x-spar-path", false)) return;
    const auto text = node.get<std::string>();
    if (text.empty() || text.find('\0') != std::string::npos)
        return problem(pointer, "expected a file's name; found " + quote(text));
    const std::size_t length = part ? named_part(text, schema["x-spar-path-part"]) : text.size();
    if (length == 0) return;
    const auto file = (origins_.at(pointer).folder / text.substr(0, length)).lexically_normal();
    node = file.string() + text.substr(length);
    if (!part) files_.push_back({pointer, file.string()});
}

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
