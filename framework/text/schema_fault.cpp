#include "base/kinds.hpp"
#include "base/problems.hpp"
#include "base/words.hpp"
#include "text/schema.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

namespace spar::host {
namespace {

constexpr std::size_t deepest_schema = 64;
constexpr std::string_view definitions_prefix = "#/definitions/";

struct Fault : std::runtime_error {
    Fault(const std::string &pointer, const std::string &what)
        : std::runtime_error("#" + pointer + ": " + what) {}
};

/// Walks one schema, and verifies the form of every keyword on which the checker relies.
class Shape {
  public:
    explicit Shape(const Json &root) : root_(root) {}

    void schema(const Json &node, const std::string &pointer, std::size_t depth = 0) const {
        if (!node.is_object()) throw Fault(pointer, "expected a schema, an object");
        if (depth > deepest_schema) throw Fault(pointer, "nests too deep");
        for (const auto &[name, value] : node.items())
            keyword(name, value, child_pointer(pointer, name), depth + 1);
    }

  private:
    static bool one_of(std::string_view name, std::initializer_list<std::string_view> names) {
        return std::find(names.begin(), names.end(), name) != names.end();
    }

    static void demand(bool fits, const std::string &pointer, const char *what) {
        if (!fits) throw Fault(pointer, std::string("expected ") + what);
    }

    void keyword(const std::string &name, const Json &value, const std::string &pointer,
                 std::size_t depth) const {
        if (name == "type")
            type(value, pointer);
        else if (name == "$ref")
            reference(value, pointer);
        else if (one_of(name, {"properties", "definitions"}))
            members(value, pointer, depth);
        else if (one_of(name, {"x-spar-host", "items"}) ||
                 (name == "additionalProperties" && !value.is_boolean()))
            schema(value, pointer, depth);
        else if (name == "oneOf")
            alternatives(value, pointer, depth);
        else
            simple(name, value, pointer);
    }

    static void simple(const std::string &name, const Json &value, const std::string &pointer) {
        if (one_of(name, {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}))
            demand(value.is_number(), pointer, "a number");
        else if (one_of(name, {"minItems", "maxItems", "minLength", "maxLength"}))
            demand(value.is_number_integer() && value >= 0, pointer, "an integer at least 0");
        else if (name == "required")
            demand(value.is_array() && all_text(value), pointer, "a list of names");
        else if (name == "enum")
            demand(value.is_array() && !value.empty(), pointer, "a list of values");
        else if (one_of(name, {"description", "x-unit", "x-spar-formerly", "x-spar-unless"}))
            demand(value.is_string(), pointer, "a text");
        else if (name == "x-spar-version-1")
            changed_defaults(value, pointer);
        else if (one_of(name, {"x-spar-path", "x-spar-crafts"}))
            demand(value.is_boolean(), pointer, "true or false");
        else if (name == "x-spar-path-part")
            demand(value == "before_colon" || value == "with_slash", pointer,
                   "\"before_colon\" or \"with_slash\"");
        else if (name == "x-spar-kind")
            demand(value.is_string() && parse_kind(value.get<std::string>()), pointer,
                   "a kind of component");
    }

    static void changed_defaults(const Json &value, const std::string &pointer) {
        const auto one = [](const Json &was) {
            return was.is_string() || (was.is_object() && was.size() == 2 && was.contains("norm") &&
                                       was.contains("was") && all_text(was));
        };
        demand(value.is_object() && std::all_of(value.begin(), value.end(), one), pointer,
               "an object of texts, or of objects with the texts \"norm\" and \"was\"");
    }

    static bool all_text(const Json &list) {
        return std::all_of(list.begin(), list.end(), [](const Json &e) { return e.is_string(); });
    }

    static void type(const Json &value, const std::string &pointer) {
        const Json list = value.is_array() ? value : Json::array({value});
        for (const Json &name : list)
            demand(name.is_string() &&
                       one_of(name.get<std::string>(), {"object", "array", "string", "number",
                                                        "integer", "boolean", "null"}),
                   pointer, "the name of a type of JSON value");
        demand(!list.empty(), pointer, "the name of a type of JSON value");
    }

    void members(const Json &value, const std::string &pointer, std::size_t depth) const {
        demand(value.is_object(), pointer, "an object of schemas");
        for (const auto &[name, member] : value.items()) {
            const std::string here = child_pointer(pointer, name);
            if (!plain_name(name))
                throw Fault(here, "the name " + quote(name) +
                                      "; expected lower-case letters, digits and underscores, a "
                                      "letter first, at most 64");
            schema(member, here, depth + 1);
            if (member.contains("default")) components(member, child_pointer(here, "default"));
            if (member.contains("default") && !fits(member.at("default"), resolved(member, root_)))
                throw Fault(child_pointer(here, "default"),
                            "expected " + expected(resolved(member, root_), root_, true) +
                                "; found " + found(member.at("default")));
        }
    }

    /// Verifies that components in a default have a type; their kind is checked once all components
    /// are known.
    void components(const Json &member, const std::string &pointer) const {
        const Json &place = resolved(member, root_), &value = member.at("default");
        const auto one = [](const Json &schema, const Json &node, const std::string &here) {
            const bool typed =
                node.is_object() && node.contains("type") && node["type"].is_string();
            if (schema.contains("x-spar-kind"))
                demand(typed, here, "a component, an object with the text \"type\"");
        };
        one(place, value, pointer);
        if (!value.is_array() || !place.contains("items")) return;
        for (std::size_t i = 0; i < value.size(); ++i)
            one(resolved(place.at("items"), root_), value[i], child_pointer(pointer, i));
    }

    static bool plain_name(const std::string &name) {
        return !name.empty() && name.size() <= 64 && name[0] >= 'a' && name[0] <= 'z' &&
               std::all_of(name.begin(), name.end(), [](char c) {
                   return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
               });
    }

    /// Checks only against this schema: the components and parts of a default are checked where
    /// they are used.
    static bool fits(const Json &value, const Json &schema) {
        const auto bound = [&](const char *name, auto &&holds) {
            return !value.is_number() || !schema.contains(name) || holds(schema.at(name));
        };
        const std::string type =
            schema.contains("type") && schema.at("type").is_string() ? schema.at("type") : Json("");
        const bool right = type == "object"    ? value.is_object()
                           : type == "array"   ? value.is_array()
                           : type == "string"  ? value.is_string()
                           : type == "number"  ? value.is_number()
                           : type == "integer" ? value.is_number_integer()
                           : type == "boolean" ? value.is_boolean()
                                               : true;
        const Json &words = host::members(schema, "enum");
        return right && bound("minimum", [&](const Json &b) { return value >= b; }) &&
               bound("maximum", [&](const Json &b) { return value <= b; }) &&
               bound("exclusiveMinimum", [&](const Json &b) { return value > b; }) &&
               bound("exclusiveMaximum", [&](const Json &b) { return value < b; }) &&
               (words.empty() || std::find(words.begin(), words.end(), value) != words.end()) &&
               (!value.is_array() || value.size() >= schema.value("minItems", std::size_t{0}));
    }

    void alternatives(const Json &value, const std::string &pointer, std::size_t depth) const {
        demand(value.is_array() && !value.empty(), pointer, "a list of schemas");
        for (std::size_t i = 0; i < value.size(); ++i)
            schema(value[i], child_pointer(pointer, i), depth + 1);
    }

    void reference(const Json &value, const std::string &pointer) const {
        demand(value.is_string(), pointer, "a text");
        const auto text = value.get<std::string>();
        demand(text.starts_with(definitions_prefix), pointer, "#/definitions/<name>");
        const Json &definitions = host::members(root_, "definitions");
        if (!definitions.is_object() ||
            !definitions.contains(text.substr(definitions_prefix.size())))
            throw Fault(pointer, quote(text) + " does not exist");
    }

    const Json &root_;
};

/// Definitions that refer to themselves, by $ref or as one of their own alternatives: following
/// them never leads to a value.
class Circles {
  public:
    explicit Circles(const Json &definitions) : definitions_(definitions) {}

    void check() {
        for (const auto &[name, definition] : definitions_.items()) enter(name);
    }

  private:
    void enter(const std::string &name) {
        if (done_.contains(name)) return;
        if (!open_.insert(name).second)
            throw Fault(child_pointer("/definitions", name), "leads in a circle");
        follow(definitions_.at(name));
        open_.erase(name);
        done_.insert(name);
    }

    void follow(const Json &schema) {
        if (const auto target = schema.find("$ref"); target != schema.end())
            return enter(target->get<std::string>().substr(definitions_prefix.size()));
        for (const Json &choice : members(schema, "oneOf")) follow(choice);
    }

    const Json &definitions_;
    std::set<std::string> open_, done_;
};

}  // namespace

std::string schema_fault(const Json &schema, std::string_view type) {
    try {
        Shape(schema).schema(schema, "");
        Circles(members(schema, "definitions")).check();
        if (schema.value("type", Json()) != "object") throw Fault("/type", "expected \"object\"");
        const Json properties = schema.value("properties", Json::object());
        const Json own = properties.value("type", Json::object());
        if (own.value("const", Json()) != type)
            throw Fault("/properties/type/const", "expected " + quote(type));
        if (properties.contains("plugin"))
            throw Fault("/properties/plugin", "this name is the host's: it names a plugin's file");
        return {};
    } catch (const std::exception &e) {
        return e.what();
    }
}

}  // namespace spar::host
