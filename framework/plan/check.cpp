#include "plan/check.hpp"

#include "base/fraction.hpp"
#include "base/words.hpp"
#include "plugins/registry.hpp"
#include "text/parse.hpp"
#include "text/schema.hpp"
#include "text/source.hpp"
#include "text/synonyms.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

constexpr std::size_t most_problems = 100;
/// More values than a pipeline file can hold.
constexpr std::size_t most_checks = 16U << 20;
/// Levels of the value, and schemas that refer to one another at one level.
constexpr std::size_t deepest_check = 4 * deepest_nesting;

bool is_type(const Json &node, const std::string &type) {
    if (type == "object") return node.is_object();
    if (type == "array") return node.is_array();
    if (type == "string") return node.is_string();
    if (type == "number") return node.is_number();
    if (type == "integer") return node.is_number_integer();
    return type == "boolean" ? node.is_boolean() : node.is_null();
}

bool type_fits(const Json &node, const Json &schema) {
    const auto type = schema.find("type");
    if (type == schema.end()) return true;
    if (type->is_string()) return is_type(node, type->get<std::string>());
    return std::any_of(type->begin(), type->end(),
                       [&](const Json &one) { return is_type(node, one.get<std::string>()); });
}

/// The "type" of an object; empty if it has none.
std::string type_of(const Json &node) {
    if (!node.is_object()) return {};
    const auto type = node.find("type");
    return type != node.end() && type->is_string() ? type->get<std::string>() : std::string();
}

std::vector<std::string> names_of(const Json &object) {
    std::vector<std::string> names;
    for (const auto &[name, value] : object.items()) names.push_back(name);
    return names;
}

/// Whether the schema takes a number but not a string.
bool wants_number(const Json &schema) {
    const auto type = schema.find("type");
    if (type == schema.end()) return false;
    if (type->is_string()) return *type == "number";
    return std::find(type->begin(), type->end(), "number") != type->end() &&
           std::find(type->begin(), type->end(), "string") == type->end();
}

}  // namespace

void Checker::problem(const std::string &pointer, std::string message) {
    problems_.push_back({origins_.at(pointer).label + "#" + pointer, std::move(message)});
}

bool Checker::known(spar_kind kind, const std::string &type) const {
    return registry_.find(kind, type) != nullptr;
}

bool Checker::full() const {
    return problems_.size() >= most_problems;
}

void Checker::check(Json &node, const Json &schema, const Json &root, const std::string &pointer) {
    if (full() || ++checks_ > most_checks) {
        if (checks_ == most_checks + 1) problem(pointer, "takes too long to check");
        return;
    }
    if (depth_ >= deepest_check)
        return problem(pointer, "nests too deep; is a default made of itself?");
    ++depth_;
    references(node, schema, root, pointer);
    --depth_;
}

void Checker::references(Json &node, const Json &schema, const Json &root,
                         const std::string &pointer) {
    const Json &here = resolved(schema, root);
    if (here.contains("x-spar-kind"))
        component(node, here, root, pointer);
    else if (here.contains("oneOf"))
        one_of(node, here.at("oneOf"), root, pointer);
    else
        value(node, here, root, pointer);
}

void Checker::component(Json &node, const Json &place, const Json &root,
                        const std::string &pointer) {
    const auto kind = place.at("x-spar-kind").get<std::string>();
    const std::string type = type_of(node);
    if (type.empty())
        return problem(pointer, "expected " + expected(place, root) + "; found " +
                                    (node.is_object() ? "an object without one" : found(node)) +
                                    " (known: " + listed(registry_.names(*parse_kind(kind))) + ")");
    std::vector<std::pair<std::string, Json>> host_keys;
    if (const auto file = node.find("plugin"); file != node.end()) {
        const std::string here = child_pointer(pointer, "plugin");
        if (!file->is_string())
            return problem(here, "expected a file's name; found " + found(*file));
        path(*file, {{"x-spar-path", true}}, here);
        if (registry_.find_node(*parse_kind(kind), node) == nullptr)
            return unknown_plugin(kind, type, file->get<std::string>(), here);
    }
    const ComponentEntry *entry = registry_.find_node(*parse_kind(kind), node);
    if (entry == nullptr) return unknown_component(kind, type, pointer);
    if (node.contains("plugin")) {
        host_keys.emplace_back("plugin", node["plugin"]);
        node.erase("plugin");
    }
    for (const auto &[name, schema] :
         members(members(place, "x-spar-host"), "properties").items()) {
        if (!node.contains(name)) continue;
        host_keys.emplace_back(name, std::move(node[name]));
        node.erase(name);
        check(host_keys.back().second, schema, root, child_pointer(pointer, name));
    }
    check(node, *entry->schema, *entry->schema, pointer);
    for (auto &[name, own] : host_keys) node[name] = std::move(own);
}

void Checker::unknown_plugin(const std::string &kind, const std::string &type,
                             const std::string &file, const std::string &place) {
    const std::string name = quote(file, 1000);
    for (const auto &plugin : registry_.plugins())
        if (plugin->path == file)
            return problem(place, "the plugin " + name + " holds no " + kind + " " + quote(type));
    for (const Refusal &refusal : registry_.refusals())
        if (refusal.path == file)
            return problem(place, "the plugin " + name + " was refused: it " + refusal.reason);
    problem(place, "no plugin " + name + " was found in the folders for plugins (" +
                       searched(registry_) + "); --plugin-dir adds the folder that it lies in");
}

void Checker::unknown_component(const std::string &kind, const std::string &type,
                                const std::string &pointer) {
    const std::string place = child_pointer(pointer, "type");
    const std::vector<const ComponentEntry *> others = registry_.find(type);
    if (!others.empty())
        return problem(place, quote(type) + " is " +
                                  with_article(kind_name(others[0]->descriptor->kind)) +
                                  "; expected " + with_article(kind));
    if (const ComponentEntry *now = registry_.renamed(*parse_kind(kind), type))
        return problem(place, "the " + kind + " " + quote(type) + " is called " +
                                  quote(now->descriptor->type) + " now; write that");
    std::string message =
        "no " + kind + " is called " + quote(type) + hint(type, registry_.names(*parse_kind(kind)));
    if (const std::size_t refused = registry_.refusals().size(); refused > 0)
        message +=
            "; " + std::to_string(refused) + " plugin file(s) were refused, \"spar list\" says why";
    message += "; " + searched(registry_);
    problem(place, message);
}

void Checker::one_of(Json &node, const Json &choices, const Json &root,
                     const std::string &pointer) {
    if (part(node, choices, root, pointer)) return;
    for (const Json &choice : choices) {
        Json attempt = node;
        std::vector<Problem> others;
        others.swap(problems_);
        const std::size_t files = files_.size();
        check(attempt, choice, root, pointer);
        others.swap(problems_);
        if (!others.empty()) {
            files_.resize(files);
            continue;
        }
        node = std::move(attempt);
        return;
    }
    problem(pointer,
            "expected " + expected(Json{{"oneOf", choices}}, root) + "; found " + found(node));
}

/// If every alternative has its own "type", that decides which one is meant.
bool Checker::part(Json &node, const Json &choices, const Json &root, const std::string &pointer) {
    std::vector<std::string> types;
    const std::string type = type_of(node);
    for (const Json &choice : choices) {
        const Json &own = members(members(resolved(choice, root), "properties"), "type");
        if (!own.contains("const") || !own.at("const").is_string()) return false;
        types.push_back(own.at("const").get<std::string>());
        if (type != types.back()) continue;
        check(node, choice, root, pointer);
        return true;
    }
    if (type.empty())
        problem(pointer, "expected an object with a \"type\"; found " +
                             (node.is_object() ? "one without" : found(node)) +
                             " (known: " + listed(types) + ")");
    else
        problem(child_pointer(pointer, "type"),
                "nothing here is called " + quote(type) + hint(type, types));
    return true;
}

void Checker::value(Json &node, const Json &schema, const Json &root, const std::string &pointer) {
    const auto wrong = [&] {
        problem(pointer, "expected " + expected(schema, root) + "; found " + found(node));
    };
    if (node.is_string() && wants_number(schema))
        if (const auto quotient = fraction(node.get_ref<const std::string &>())) node = *quotient;
    if (!type_fits(node, schema)) return wrong();
    if (schema.contains("const") && schema.at("const") != node) return wrong();
    if (schema.contains("enum")) {
        const Json &words = schema.at("enum");
        if (std::find(words.begin(), words.end(), node) == words.end()) {
            std::vector<std::string> known;
            for (const Json &word : words)
                if (word.is_string()) known.push_back(word.get<std::string>());
            const std::string guess =
                node.is_string() ? did_you_mean(node.get<std::string>(), known) : "";
            return problem(pointer, "expected " + expected(schema, root) + "; found " +
                                        found(node) + (guess.empty() ? "" : "; " + guess));
        }
    }
    if (node.is_number()) number(node, schema, root, pointer);
    if (node.is_array()) array(node, schema, root, pointer);
    if (node.is_object()) object(node, schema, root, pointer);
    if (!node.is_string()) return;
    const std::size_t length = node.get_ref<const std::string &>().size();
    if (length < schema.value("minLength", std::size_t{0}) ||
        length > schema.value("maxLength", std::size_t{1} << 24))
        return wrong();
    path(node, schema, pointer);
}

void Checker::number(const Json &node, const Json &schema, const Json &root,
                     const std::string &pointer) {
    const auto bound = [&](const char *name) {
        const auto found = schema.find(name);
        return found != schema.end() ? &*found : nullptr;
    };
    const Json *least = bound("minimum"), *most = bound("maximum");
    const Json *above = bound("exclusiveMinimum"), *below = bound("exclusiveMaximum");
    const bool fits = (least == nullptr || node >= *least) && (most == nullptr || node <= *most) &&
                      (above == nullptr || node > *above) && (below == nullptr || node < *below);
    const bool far = std::abs(node.get<double>()) > 1e9;
    if (!fits)
        problem(pointer, "expected " + expected(schema, root, far) + "; found " + found(node));
}

void Checker::array(Json &node, const Json &schema, const Json &root, const std::string &pointer) {
    if (node.size() < schema.value("minItems", std::size_t{0}) ||
        node.size() > schema.value("maxItems", std::size_t{1} << 30))
        problem(pointer, "expected " + expected(schema, root) + "; found " + found(node));
    const auto items = schema.find("items");
    if (items == schema.end()) return;
    for (std::size_t i = 0; i < node.size(); ++i)
        check(node[i], *items, root, child_pointer(pointer, i));
}

void Checker::object(Json &node, const Json &schema, const Json &root, const std::string &pointer) {
    const Json &properties = members(schema, "properties");
    const auto others = schema.find("additionalProperties");
    for (auto it = node.begin(); it != node.end() && !full(); ++it) {
        if (properties.contains(it.key()) || others == schema.end()) continue;
        const std::string here = child_pointer(pointer, it.key());
        if (others->is_object())
            check(it.value(), *others, root, here);
        else if (!others->get<bool>())
            problem(here, "unknown key" + hint(it.key(), names_of(properties)));
    }
    for (const auto &[name, property] : properties.items()) {
        const std::string here = child_pointer(pointer, name);
        const Json &required = members(schema, "required");
        if (node.contains(name)) {
            check(node[name], property, root, here);
        } else if (property.contains("default")) {
            Json value = property.at("default");
            check(value, property, root, here);
            node[name] = std::move(value);
        } else if (std::find(required.begin(), required.end(), name) != required.end()) {
            problem(pointer, "the key " + quote(name) + " is missing: " + expected(property, root));
        }
    }
}

}  // namespace spar::host
