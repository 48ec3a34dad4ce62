#include "plan/grammar.hpp"

#include "plan/grammar_text.hpp"
#include "plan/threat_words.hpp"
#include "plugins/registry.hpp"
#include "text/parse.hpp"
#include "text/schema.hpp"

#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

/// The threat in an attack: it may override any part of the pipeline's, and has no defaults.
Json override_of(Json threat) {
    threat["description"] = "what this attack changes of the pipeline's threat";
    threat.erase("required");
    for (auto &[name, property] : threat["properties"].items()) property.erase("default");
    return threat;
}

template <class T, std::size_t N>
Json texts(const Word<T> (&words)[N]) {
    Json all = Json::array();
    for (const Word<T> &word : words) all.push_back(word.text);
    return all;
}

Json make_grammar() {
    Json whole = parse_json(grammar_text, "the grammar");
    Json &threat = whole["definitions"]["threat"]["properties"];
    threat["norm"]["enum"] = texts(norm_words);
    threat["space"]["enum"] = texts(space_words);
    threat["group"]["enum"] = texts(group_words);
    threat["target"]["oneOf"][0]["enum"] = texts(target_words);
    whole["definitions"]["train"]["properties"]["attack_precision"]["enum"] =
        texts(precision_words);
    whole["definitions"]["threat_override"] = override_of(whole["definitions"]["threat"]);
    return whole;
}

/// Inserts a registry's components into a schema.
class Composer {
  public:
    explicit Composer(const Registry &registry) : registry_(registry) {}

    Json compose() {
        Json whole = grammar();
        Json definitions = whole["definitions"];
        whole.erase("definitions");
        open(whole, "");
        open(definitions, "");
        whole["properties"].update(keys_of_the_text());
        for (auto &[name, definition] : added_.items()) definitions[name] = std::move(definition);
        whole["definitions"] = std::move(definitions);
        return whole;
    }

  private:
    /// Allows fractions wherever a number is expected, see fraction.hpp.
    static void allow_fractions(Json &schema) {
        const auto type = schema.find("type");
        if (type == schema.end() || *type != "number") return;
        const std::string number = "[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?";
        *type = Json::array({"number", "string"});
        schema["pattern"] = "^-?" + number + " */ *" + number + "$";
    }

    /// Replaces the open places anywhere in a schema; its own $refs get a prefix.
    void open(Json &node, const std::string &prefix) {
        if (node.is_array())
            for (Json &element : node) open(element, prefix);
        if (!node.is_object()) return;
        if (const auto kind = node.find("x-spar-kind"); kind != node.end() && kind->is_string()) {
            const Json keys = members(node, "x-spar-host");
            const auto name = kind->get<std::string>();
            Json reference = {{"$ref", "#/definitions/" + place(name, keys)}};
            if (node.contains("default")) reference["default"] = node["default"];
            node = std::move(reference);
            return;
        }
        allow_fractions(node);
        for (auto &[name, value] : node.items()) {
            if (name == "$ref" && value.is_string() && !prefix.empty()) {
                const auto target = value.get<std::string>();
                value = "#/definitions/" + prefix + target.substr(target.rfind('/') + 1);
            } else if (name == "properties" && value.is_object()) {
                for (auto &[member, schema] : value.items()) open(schema, prefix);
            } else if (name != "default" && name != "const" && name != "enum") {
                open(value, prefix);
            }
        }
    }

    /// The definition of "a component of this kind", with the host's keys, if any.
    std::string place(const std::string &kind, const Json &keys) {
        std::string name = kind;
        for (const auto &[key, schema] : members(keys, "properties").items()) name += "+" + key;
        if (added_.contains(name)) return name;
        added_[name] = Json::object();
        Json choices = Json::array();
        for (const ComponentEntry &entry : registry_.components())
            if (kind == kind_name(entry.descriptor->kind))
                choices.push_back({{"$ref", "#/definitions/" + component(name, entry, keys)}});
        if (choices.empty())
            added_[name] = {{"not", Json::object()}};
        else
            added_[name] = {{"oneOf", std::move(choices)}};
        return name;
    }

    std::string component(const std::string &place, const ComponentEntry &entry, const Json &keys) {
        std::string name = place + "." + entry.descriptor->type;
        Json schema = *entry.schema;
        Json inner = members(schema, "definitions");
        schema.erase("definitions");
        open(schema, name + ".");
        schema["description"] = entry.descriptor->summary;
        for (const auto &[key, property] : members(keys, "properties").items())
            schema["properties"][key] = property;
        schema["properties"]["plugin"] = {
            {"type", "string"},
            {"x-spar-path", true},
            {"description", "the file of the plugin that is meant, where several hold the type"}};
        added_[name] = std::move(schema);
        for (auto &[part, definition] : inner.items()) {
            open(definition, name + ".");
            added_[name + "." + part] = std::move(definition);
        }
        return name;
    }

    const Registry &registry_;
    Json added_ = Json::object();
};

}  // namespace

const Json &grammar() {
    static const Json whole = make_grammar();
    return whole;
}

const Json &keys_of_the_text() {
    static const Json keys = {
        {"extends",
         {{"type", Json::array({"string", "array"})},
          {"items", {{"type", "string"}}},
          {"description", "files that this one is a merge patch to, relative to it"}}},
        {"vars",
         {{"type", "object"}, {"description", "values that ${name} stands for anywhere else"}}}};
    return keys;
}

Json whole_schema(const Registry &registry) {
    return Composer(registry).compose();
}

}  // namespace spar::host
