#include "app/commands.hpp"
#include "app/output.hpp"
#include "config/schema.hpp"
#include "config/words.hpp"
#include "pipeline/failure.hpp"
#include "plugins/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace spar::host {
namespace {

const ComponentEntry &chosen(const Registry &registry, const std::vector<std::string> &operands) {
    const std::string &name = operands.back();
    std::vector<const ComponentEntry *> found = registry.find(name);
    spar_kind kind = 0;
    if (operands.size() == 2) {
        const auto parsed = parse_kind(operands[0]);
        if (!parsed) throw Failure(Exit::usage, "describe: there is no kind " + quote(operands[0]));
        kind = *parsed;
        std::erase_if(found, [&](const auto *entry) { return entry->descriptor->kind != kind; });
    }
    if (found.size() == 1) return *found[0];
    if (found.empty()) {
        if (const ComponentEntry *now = registry.renamed(kind, name))
            throw Failure(Exit::usage, "describe: " + quote(name) + " is called " +
                                           quote(now->descriptor->type) + " now");
        const std::string guess = did_you_mean(name, registry.names(kind));
        throw Failure(Exit::usage, "describe: no " + std::string(kind_name(kind)) + " is called " +
                                       quote(name) + (guess.empty() ? "" : "; " + guess) +
                                       "\n\"spar list\" names all");
    }
    std::vector<std::string> calls;
    for (const ComponentEntry *entry : found)
        calls.push_back(
            fmt::format("\"spar describe {} {}\"", kind_name(entry->descriptor->kind), name));
    throw Failure(Exit::usage, "describe: several components are called " + quote(name) +
                                   "; say which: " + listed(calls));
}

std::string indented(const std::string &text) {
    std::string out = "  ";
    for (const char c : text) {
        out += c;
        if (c == '\n') out += "  ";
    }
    return out + "\n";
}

/// Tables of parameters: the component's own, then those of the parts it is made of.
class Tables {
  public:
    explicit Tables(const Json &root) : root_(root) {}

    std::string text() {
        std::string text = table("Parameters", root_);
        while (!parts_.empty()) {
            const auto [name, part] = parts_.front();
            parts_.erase(parts_.begin());
            text += "\n" + table(name, *part);
        }
        return text;
    }

  private:
    struct Row {
        std::string name, values, fallback, help;
    };

    Row row(const std::string &name, const Json &property, const Json &schema) {
        const Json &required = members(schema, "required");
        const bool needed = std::find(required.begin(), required.end(), name) != required.end();
        std::string values = expected(property, root_);
        if (const std::string unit = property.value("x-unit", ""); !unit.empty())
            values += " (" + unit + ")";
        return {name, values,
                property.contains("default") ? property.at("default").dump()
                : needed                     ? "required"
                                             : "-",
                property.value("description", "")};
    }

    std::string table(const std::string &title, const Json &schema) {
        std::vector<Row> rows;
        for (const auto &[name, property] : members(schema, "properties").items()) {
            if (name == "type" && property.contains("const")) continue;
            rows.push_back(row(name, property, schema));
            gather(name, property);
        }
        std::string text = title + "\n";
        if (const std::string help = schema.value("description", ""); !help.empty())
            text += indented(help);
        if (rows.empty()) return text + "  none\n";
        std::size_t name_width = 0, values_width = 0, fallback_width = 7;
        for (const Row &row : rows) {
            name_width = std::max(name_width, row.name.size());
            values_width = std::max(values_width, std::min<std::size_t>(row.values.size(), 44));
            fallback_width =
                std::max(fallback_width, std::min<std::size_t>(row.fallback.size(), 24));
        }
        for (const Row &row : rows)
            text += fmt::format("  {:<{}}  {:<{}}  {:<{}}  {}\n", row.name, name_width, row.values,
                                values_width, row.fallback, fallback_width, row.help);
        return text;
    }

    /// Remembers the parts that a parameter's values are made of, once each.
    void gather(const std::string &name, const Json &property) {
        const std::string definition = property.value("$ref", "");
        if (!definition.empty() && !definitions_.insert(definition).second) return;
        const Json &here = resolved(property, root_);
        if (here.contains("x-spar-kind")) return;
        if (here.contains("items")) return gather(name, here.at("items"));
        for (const Json &choice : members(here, "oneOf")) remember(name, choice);
        if (here.contains("properties")) remember(name, here);
    }

    void remember(const std::string &name, const Json &part) {
        const Json &here = resolved(part, root_);
        const Json &type = members(members(here, "properties"), "type");
        const std::string own = type.contains("const") ? type.at("const").dump() : "";
        const std::string title = name + (own.empty() ? "" : ": " + own);
        if (std::find(seen_.begin(), seen_.end(), title) != seen_.end()) return;
        if (!here.contains("properties")) return;
        seen_.push_back(title);
        copies_.push_back(std::make_unique<Json>(here));
        parts_.emplace_back(title, copies_.back().get());
    }

    const Json &root_;
    std::vector<std::string> seen_;
    std::set<std::string> definitions_;
    std::vector<std::unique_ptr<Json>> copies_;
    std::vector<std::pair<std::string, const Json *>> parts_;
};

std::string as_text(const ComponentEntry &entry) {
    const spar_component &c = *entry.descriptor;
    std::string text = fmt::format("{} ({})\n{}\n", c.type, kind_name(c.kind), indented(c.summary));
    if (*c.formula != '\0') text += "Formula\n" + indented(c.formula) + "\n";
    if (*c.reference != '\0') text += "Source\n" + indented(c.reference) + "\n";
    text += Tables(*entry.schema).text() + "\n";
    if (*c.example != '\0') {
        const Json example = Json::parse(c.example, nullptr, false);
        text += "Example\n" + indented(example.is_discarded() ? c.example : example.dump(2)) + "\n";
    }
    return text + fmt::format("Plugin\n  {} {}, {}\n", entry.plugin->name, entry.plugin->version,
                              entry.plugin->path.string());
}

Json as_json(const ComponentEntry &entry) {
    const spar_component &c = *entry.descriptor;
    const Json example = Json::parse(c.example, nullptr, false);
    return {{"kind", kind_name(c.kind)},
            {"type", c.type},
            {"summary", c.summary},
            {"formula", c.formula},
            {"reference", c.reference},
            {"schema", *entry.schema},
            {"example", example.is_discarded() ? Json() : example},
            {"plugin", entry.plugin->name},
            {"version", entry.plugin->version},
            {"file", entry.plugin->path.string()}};
}

}  // namespace

int describe_command(const Arguments &arguments) {
    const Registry registry = find_plugins(arguments);
    if (!arguments.operands.empty()) {
        const ComponentEntry &entry = chosen(registry, arguments.operands);
        print(arguments.json ? pretty(as_json(entry)) : as_text(entry));
        return 0;
    }
    Json all = Json::array();
    std::string text;
    for (const ComponentEntry &entry : registry.components()) {
        if (arguments.json)
            all.push_back(as_json(entry));
        else
            text += (text.empty() ? "" : "\n") + as_text(entry);
    }
    print(arguments.json ? pretty(all) : text);
    return 0;
}

}  // namespace spar::host
