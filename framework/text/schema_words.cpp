#include "base/words.hpp"
#include "text/schema.hpp"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <spar/json.hpp>

namespace spar::host {
namespace {

std::string number_text(const Json &value) {
    return value.is_number_float() ? json_number(value.get<double>()) : value.dump();
}

/// A bound worth mentioning: not just the widest that the type allows.
bool telling(const Json &bound, bool all) {
    const double size = std::abs(bound.get<double>());
    const double widest = std::numeric_limits<std::int32_t>::max();
    return all || (size < 1e38 && size != widest && size != widest + 1);
}

std::string range(const Json &schema, bool all) {
    const auto bound = [&](const char *name) {
        const auto found = schema.find(name);
        return found != schema.end() && telling(*found, all) ? number_text(*found) : std::string();
    };
    const std::string least = bound("minimum"), most = bound("maximum");
    if (!least.empty() && !most.empty()) return " from " + least + " to " + most;
    const std::string above = bound("exclusiveMinimum"), below = bound("exclusiveMaximum");
    std::string text = !least.empty()   ? " at least " + least
                       : !above.empty() ? " greater than " + above
                                        : "";
    const char *joint = text.empty() ? "" : " and";
    if (!most.empty()) text += joint + (" at most " + most);
    if (!below.empty()) text += joint + (" less than " + below);
    return text;
}

std::string length(const Json &schema, const char *least, const char *most, const char *of) {
    std::string text;
    if (schema.contains(least) && schema.at(least) != 0)
        text = " of at least " + schema.at(least).dump();
    if (schema.contains(most) && schema.at(most).get<double>() < 10000)
        text += (text.empty() ? " of at most " : " and at most ") + schema.at(most).dump();
    return text.empty() ? text : text + " " + of;
}

std::string words(const Json &schema, const Json &root, bool all, int depth);

std::string by_type(const std::string &type, const Json &schema, const Json &root, bool all,
                    int depth) {
    if (type == "integer") return "an integer" + range(schema, all);
    if (type == "number") return "a number" + range(schema, all);
    if (type == "boolean") return "true or false";
    if (type == "null") return "null";
    if (type == "object") return "an object";
    if (type == "array") {
        std::string text = "a list" + length(schema, "minItems", "maxItems", "elements");
        if (schema.contains("items"))
            text += ", each " + words(schema.at("items"), root, all, depth);
        return text;
    }
    if (schema.value("x-spar-path", false)) return "a file's name";
    return "a text" + length(schema, "minLength", "maxLength", "bytes");
}

std::string one_of_words(const Json &words) {
    std::vector<std::string> texts;
    for (const Json &word : words) texts.push_back(word.dump());
    return texts.size() == 1 ? texts[0] : "one of " + listed(texts);
}

/// The "type" of an alternative, given as {"const": ...} in its properties.
std::string part_type(const Json &alternative) {
    const Json &type = members(members(alternative, "properties"), "type");
    return type.contains("const") ? type.at("const").dump() : "";
}

std::string alternatives(const Json &choices, const Json &root, bool all, int depth) {
    std::string text;
    std::vector<std::string> parts;
    for (const Json &choice : choices) {
        const Json &alternative = resolved(choice, root);
        if (const std::string part = part_type(alternative); !part.empty())
            parts.push_back(part);
        else
            text += (text.empty() ? "" : " or ") + words(alternative, root, all, depth);
    }
    if (parts.empty()) return text;
    return text + (text.empty() ? "" : " or ") + "an object with \"type\" " +
           (parts.size() > 1 ? "one of " : "") + listed(parts);
}

/// A schema may contain itself, so describe only a few levels.
std::string words(const Json &schema, const Json &root, bool all, int depth) {
    if (++depth > 4) return "a value";
    const Json &here = resolved(schema, root);
    if (const auto kind = here.find("x-spar-kind"); kind != here.end())
        return with_article(kind->get<std::string>()) + ", an object with a \"type\"";
    if (here.contains("oneOf")) return alternatives(here.at("oneOf"), root, all, depth);
    if (here.contains("const")) return here.at("const").dump();
    if (here.contains("enum")) return one_of_words(here.at("enum"));
    const auto type = here.find("type");
    if (type == here.end()) return "any value";
    if (type->is_string()) return by_type(type->get<std::string>(), here, root, all, depth);
    std::string text;
    for (const Json &one : *type)
        text +=
            (text.empty() ? "" : " or ") + by_type(one.get<std::string>(), here, root, all, depth);
    return text;
}

}  // namespace

std::string with_article(std::string_view noun) {
    const bool vowel = !noun.empty() && std::string_view("aeiou").find(noun[0]) != noun.npos;
    return (vowel ? "an " : "a ") + std::string(noun);
}

const Json &members(const Json &schema, const char *keyword) {
    static const Json none = Json::object();
    const auto found = schema.find(keyword);
    return found != schema.end() ? *found : none;
}

const Json &resolved(const Json &schema, const Json &root) {
    const Json *here = &schema;
    while (here->contains("$ref")) {
        const auto name = here->at("$ref").get<std::string>();
        here = &root.at("definitions").at(name.substr(name.rfind('/') + 1));
    }
    return *here;
}

std::string expected(const Json &schema, const Json &root, bool all) {
    return words(schema, root, all, 0);
}

Json with_words(Json schema, const Json &root) {
    if (schema.is_structured())
        for (Json &inside : schema) inside = with_words(std::move(inside), root);
    if (!schema.is_object() || !schema.contains("properties")) return schema;
    for (Json &parameter : schema.at("properties"))
        if (parameter.is_object()) parameter["x-spar-words"] = expected(parameter, root);
    return schema;
}

std::string found(const Json &value) {
    switch (value.type()) {
        case Json::value_t::null:
            return "null";
        case Json::value_t::boolean:
            return value.get<bool>() ? "true" : "false";
        case Json::value_t::string:
            return "the text " + quote(value.get<std::string>());
        case Json::value_t::array:
            return "a list of " + std::to_string(value.size());
        case Json::value_t::object:
            return "an object";
        default:
            return number_text(value);
    }
}

}  // namespace spar::host
