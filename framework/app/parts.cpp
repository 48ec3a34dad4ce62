#include "app/parts.hpp"

#include "app/parameters.hpp"
#include "base/words.hpp"
#include "plan/grammar.hpp"
#include "plugins/registry.hpp"
#include "text/schema.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

namespace spar::host {
namespace {

/// Walks a schema breadth first, so that outer parts come before inner ones.
class Walk {
  public:
    /// `simple`: keys whose values have no parts count as parts too.
    Walk(const Json &root, std::string of, bool simple = false)
        : root_(root), of_(std::move(of)), simple_(simple) {}

    std::vector<Part> parts() {
        look(root_, "");
        for (std::size_t i = 0; i < open_.size(); ++i) {
            const auto [schema, path] = open_[i];
            look(*schema, path);
        }
        return std::move(parts_);
    }

  private:
    std::string place(const std::string &path) const {
        return path.empty() ? of_ : "\"" + path + "\" of " + of_;
    }

    void look(const Json &schema, const std::string &path) {
        const Json &own = members(schema, "properties");
        for (const auto &[name, property] : own.items()) property_of(name, property, path);
        const Json &hosts = members(members(schema, "x-spar-host"), "properties");
        for (const auto &[name, property] : hosts.items()) property_of(name, property, path);
    }

    void property_of(const std::string &name, const Json &property, const std::string &path) {
        const Json *here = &resolved(property, root_);
        const std::string inside = path.empty() ? name : path + "." + name;
        if (here->contains("items")) here = &resolved(here->at("items"), root_);
        if (simple_ && is_simple(*here)) {
            parts_.push_back({name, place(path), &property, &root_, inside});
            return;
        }
        if (!seen_.insert(here).second) return;
        bool choices = false;
        for (const Json &choice : members(*here, "oneOf")) {
            const Json &one = resolved(choice, root_);
            const Json &type = members(members(one, "properties"), "type");
            if (!type.contains("const") || !seen_.insert(&one).second) continue;
            choices = true;
            parts_.push_back(
                {type.at("const").get<std::string>(), "one of " + place(inside), &one, &root_});
            open_.emplace_back(&one, inside);
        }
        if (!choices && !here->contains("properties") && !here->contains("x-spar-host")) return;
        parts_.push_back({name, place(path), here, &root_, inside});
        open_.emplace_back(here, inside);
    }

    bool is_simple(const Json &here) const {
        for (const Json &choice : members(here, "oneOf"))
            if (resolved(choice, root_).contains("properties")) return false;
        return !here.contains("properties") && !here.contains("x-spar-host");
    }

    const Json &root_;
    std::string of_;
    bool simple_;
    std::vector<Part> parts_;
    std::vector<std::pair<const Json *, std::string>> open_;
    std::set<const Json *> seen_;
};

}  // namespace

std::vector<Part> all_parts(const Registry &registry) {
    std::vector<Part> parts{{"pipeline", "the whole file", &grammar(), &grammar()}};
    const auto add = [&](std::vector<Part> more) {
        parts.insert(parts.end(), more.begin(), more.end());
    };
    for (const auto &[name, schema] : keys_of_the_text().items())
        parts.push_back({name, "the pipeline", &schema, &keys_of_the_text(), name});
    add(Walk(grammar(), "the pipeline", true).parts());
    for (const ComponentEntry &entry : registry.components())
        add(Walk(*entry.schema, fmt::format("the {} \"{}\"", kind_name(entry.descriptor->kind),
                                            entry.descriptor->type))
                .parts());
    return parts;
}

namespace {

/// For a key whose value has no parts with a table.
std::string simple_text(const Part &part, std::size_t width) {
    const Json &schema = *part.schema, &here = resolved(schema, *part.root);
    std::string values = expected(schema, *part.root);
    if (schema.contains("default")) values += "; default " + schema.at("default").dump();
    const std::string help = schema.value("description", here.value("description", ""));
    const Json &item = here.contains("items") ? here.at("items") : here;
    const std::string kind = item.value("x-spar-kind", "");
    return fmt::format("{} ({})\n", part.name, part.where) + indented(values, width) +
           (help.empty() ? "" : indented(help, width)) +
           (kind.empty() ? "" : indented("\"spar list " + kind + "\" names all", width));
}

bool has_table(const Json &schema) {
    for (const char *with : {"properties", "x-spar-host", "oneOf"})
        if (schema.contains(with)) return true;
    return false;
}

}  // namespace

std::string part_text(const Part &part, std::size_t width) {
    if (!has_table(*part.schema)) return simple_text(part, width);
    std::string beside;
    if (part.schema->contains("x-spar-kind"))
        beside = "\nIn addition to the parameters of the " +
                 part.schema->at("x-spar-kind").get<std::string>() + "\n";
    return fmt::format("{} ({})\n{}", part.name, part.where, beside) +
           parameters_text("", *part.schema, *part.root, width);
}

Json part_json(const Part &part) {
    Json schema = *part.schema;
    if (part.schema != part.root && part.root->contains("definitions"))
        schema["definitions"] = part.root->at("definitions");
    return {{"part", part.name},
            {"where", part.where},
            {"schema", with_words(std::move(schema), *part.root)}};
}

}  // namespace spar::host
